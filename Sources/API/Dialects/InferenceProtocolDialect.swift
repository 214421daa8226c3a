// /v2: what platforms probe of the open inference protocol.
import HTTPTypes
import JSON
import Scoring
import Serving

extension Service {
    /// KServe's and Triton's probes alone (reference/wire-apis.md section 3.6): no trainer infers through them.
    func protocolLive(_ call: Call) async throws -> Response {
        try checkLive()
        return Self.word("live")
    }

    func protocolReady(_ call: Call) async throws -> Response {
        try checkReady()
        return Self.word("ready")
    }

    private static func word(_ key: String) -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.key(key)
        writer.bool(true)
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/v2`: the server's metadata.
    func protocolServer(_ call: Call) async throws -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("name", "linchpin")
        writer.member("version", linchpinVersion)
        writer.key("extensions")
        writer.openArray()
        writer.closeArray()
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/v2/models/{model}`: its metadata, without tensors, since nothing is inferred here; its version is its revision.
    func protocolModel(_ call: Call) async throws -> Response {
        try checkModel(call)
        var writer = JSONWriter()
        writer.openObject()
        writer.member("name", servedName)
        writer.key("versions")
        writer.openArray()
        writer.string(call.model.revision)
        writer.closeArray()
        writer.member("platform", "linchpin")
        for key in ["inputs", "outputs"] {
            writer.key(key)
            writer.openArray()
            writer.closeArray()
        }
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/v2/models/{model}/ready`.
    func protocolModelReady(_ call: Call) async throws -> Response {
        try checkModel(call)
        try checkReady()
        var writer = JSONWriter()
        writer.openObject()
        writer.member("name", servedName)
        writer.key("ready")
        writer.bool(true)
        writer.closeObject()
        return .json(writer.bytes)
    }

    private func checkModel(_ call: Call) throws(APIError) {
        let name = call.parameter ?? ""
        guard name == servedName else { throw .unknownModel(served: servedName) }
    }
}
