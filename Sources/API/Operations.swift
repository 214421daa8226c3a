// Health, models, info, version, metrics, the contract.
import Crediting
import HTTPTypes
import JSON
import Logs
import Scoring
import Serving

extension Service {
    /// `/health` and `/health/ready`: 503 says why callers are to be sent elsewhere.
    func ready(_ call: Call) async throws -> Response {
        try checkReady()
        return Self.status("ok")
    }

    /// `/health/live`: 503 where nothing but a new process helps.
    func live(_ call: Call) async throws -> Response {
        try checkLive()
        return Self.status("ok")
    }

    private static func status(_ word: String) -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("status", word)
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/v1/models`, in the shape of OpenAI's, with vLLM's `max_model_len`: the served one first, then language models.
    func models(_ call: Call) async throws -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("object", "list")
        writer.key("data")
        writer.openArray()
        writer.openObject()
        writer.member("id", servedName)
        writer.member("object", "model")
        writer.member("created", startedAt)
        writer.member("owned_by", "linchpin")
        writer.member("model_revision", call.model.revision)
        writer.member("max_model_len", call.model.scorer.facts.maximumTokens)
        writer.member("role", ModelRole.prm.rawValue)
        writer.closeObject()
        for language in languages.all {
            writer.openObject()
            // As it is loaded: `--model policy=DIR`.
            writer.member("id", language.role.rawValue)
            writer.member("object", "model")
            writer.member("created", startedAt)
            writer.member("owned_by", "linchpin")
            writer.member("model_revision", language.revision)
            writer.member("max_model_len", language.facts.maximumTokens)
            writer.member("role", language.role.rawValue)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/info`: what is served and how it is scored.
    func info(_ call: Call) async throws -> Response {
        let facts = call.model.scorer.facts
        let profile = call.model.scorer.profile
        let defaultCredit = call.model.defaultCredit
        var writer = JSONWriter()
        writer.openObject()
        writer.member("model", servedName)
        writer.member("model_revision", call.model.revision)
        writer.member("version", linchpinVersion)
        writer.member("architecture", facts.architecture)
        writer.member("profile", profile.name)
        writer.member("template", profile.template.kind.rawValue)
        writer.member("separator", profile.separator)
        writer.member("semantics", profile.semantics.rawValue)
        writer.member("reward_scale", profile.scale.rawValue)
        writer.key("credit")
        writer.openObject()
        writer.member("pooling", defaultCredit.pooling.rawValue)
        writer.member("temperature", defaultCredit.temperature)
        writer.member("scale", defaultCredit.scale.rawValue)
        writer.closeObject()
        writer.member("max_model_len", facts.maximumTokens)
        writer.member("max_body_bytes", maximumBodyBytes)
        writer.member("parameters", facts.parameterCount)
        writer.member("weight_bytes", facts.memoryBytes)
        writer.member("precision", facts.precision)
        writer.member("kernel", facts.kernel)
        writer.key("language_models")
        writer.openArray()
        for language in languages.all {
            writer.openObject()
            writer.member("role", language.role.rawValue)
            writer.member("model_revision", language.revision)
            writer.member("architecture", language.facts.architecture)
            writer.member("max_model_len", language.facts.maximumTokens)
            writer.member("parameters", language.facts.parameterCount)
            writer.member("weight_bytes", language.facts.memoryBytes)
            writer.member("precision", language.facts.precision)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        return .json(writer.bytes)
    }

    func version(_ call: Call) async throws -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("name", "linchpin")
        writer.member("version", linchpinVersion)
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// `/metrics`: Prometheus text 0.0.4.
    func metricsPage(_ call: Call) async throws -> Response {
        metrics.record(load: call.model.scorer.load, of: .prm)
        for language in languages.all { metrics.record(load: language.load, of: language.role) }
        metrics.record(connections: connections.now)
        metrics.record(ProcessReading(), droppedLogLines: logOutput?.droppedLines ?? 0)
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: metrics.exposition()
        )
    }

    /// `/openapi.yaml`, as it stands in the repository.
    func openAPI(_ call: Call) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/yaml; charset=utf-8"],
            body: PackageResources.openapi_yaml
        )
    }
}
