// A service over our own golden model, without a socket.
import API
import Batching
import Checkpoints
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Logging
import Scoring
import Serving

struct GoldenService {
    let service: Service

    private static let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm")

    init(
        access: Access = Access(),
        showsMetrics: Bool = true,
        limits: BatchLimits = BatchLimits(),
        languages: LanguageModels = LanguageModels(),
        golden: String = "tiny-prm",
        logger: Logger = Self.silent
    ) throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/" + golden)
        try self.init(folder.path, access, showsMetrics: showsMetrics, limits, languages, logger)
    }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The golden model with another last bias: it is certain of everything, that it is right (1) or wrong (-1).
    init(certain sign: Float) throws {
        let copy = try TemporaryFolder()
        for file in ["config.json", "tokenizer.json"] {
            try copy.write([UInt8](Data(contentsOf: Self.folder.appendingPathComponent(file))), to: file)
        }
        var bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent("model.safetensors")))
        let headerCount = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONValue(parsing: bytes[8..<8 + headerCount])
        let start = header["score.2.bias"]?["data_offsets"]?.array?.first?.integer ?? 0
        // Two bfloat16, wrong and right.
        for (index, bias) in [-sign * 1e4, sign * 1e4].enumerated() {
            let upper = UInt16(truncatingIfNeeded: bias.bitPattern >> 16)
            bytes[8 + headerCount + start + 2 * index] = UInt8(truncatingIfNeeded: upper)
            bytes[8 + headerCount + start + 2 * index + 1] = UInt8(truncatingIfNeeded: upper >> 8)
        }
        try copy.write(bytes, to: "model.safetensors")
        try self.init(copy.path, Access(), showsMetrics: true, BatchLimits(), LanguageModels(), Self.silent)
    }

    private init(
        _ folder: String,
        _ access: Access,
        showsMetrics: Bool,
        _ limits: BatchLimits,
        _ languages: LanguageModels,
        _ logger: Logger
    ) throws {
        let settings = EngineSettings(limits: limits)
        let (scorer, revision) = try Scorer.named(checkpoint: Checkpoint(folder: folder), settings: settings)
        service = Service(
            model: ServedModel(scorer: scorer, defaultCredit: scorer.profile.defaultCredit, revision: revision),
            languages: languages,
            servedName: "golden",
            maximumBodyBytes: 1 << 20,
            access: access,
            showsMetrics: showsMetrics,
            connections: Counters(),
            logger: logger
        )
    }

    func post(
        _ path: String,
        _ body: [UInt8],
        headers: HTTPFields = [.contentType: "application/json"]
    ) async -> Response {
        await send(.post, path, headers: headers, body: body)
    }

    func post(_ path: String, _ value: JSONValue) async -> Response { await post(path, value.serialized()) }

    /// - Parameter target: a path, and a query behind a question mark.
    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        headers: HTTPFields = [:],
        body: [UInt8] = []
    ) async -> Response {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let query = parts.count == 2 ? parts[1] : nil
        return await service.respond(
            to: .request(Request(method: method, path: parts[0], query: query, headers: headers, body: body))
        )
    }
}

extension GoldenService {
    /// A head as it comes over the wire, at the gate and, where that lets it in, at the router.
    func knock(_ head: String) async throws -> Response {
        if let refused = try refusal(of: head) { return refused }
        return await service.respond(to: .request(try Self.head(head).request()))
    }

    /// What the gate alone says of a head.
    func refusal(of head: String) throws -> Response? { service.refuse(try Self.head(head)) }

    /// - Parameter text: the request line and headers, without Host.
    private static func head(_ text: String) throws -> RequestHead {
        var parser = RequestParser()
        parser.append(Array((text + "\r\nHost: a\r\nContent-Length: 2\r\n\r\n").utf8))
        guard case .head(let head)? = parser.next() else { throw NoHead(text: text) }
        return head
    }

    private struct NoHead: Error { let text: String }
}

extension Access {
    /// The keys themselves, for tests.
    init(callers: [String] = [], operators: [String] = []) throws {
        self.init(KeyRing(try Keys(callers: callers, operators: operators)))
    }
}

extension Keys {
    init(callers: [String] = [], operators: [String] = []) throws {
        self.init(
            callers: try callers.map { try KeyDigest(of: Array($0.utf8)) },
            operators: try operators.map { try KeyDigest(of: Array($0.utf8)) }
        )
    }
}

extension Response {
    func json() throws -> JSONValue { try JSONValue(parsing: body) }

    /// The code of the error, of the request's or of its first failed rollout's.
    func code() throws -> String? {
        let answer = try json()
        let item = answer["data"]?.array?.first { $0["object"] == "error" }
        return (answer["error"] ?? item?["error"])?["code"]?.string
    }
}
