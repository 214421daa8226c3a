// What serve is asked to do: flags, environment, defaults.
import Glibc
import Logging
import Scoring
import Serving
import Sockets

/// The flags of `serve` with their environment variables and defaults.
struct ServeSettings {
    let configuration: ServerConfiguration
    var scheme: String { configuration.identity == nil ? "http" : "https" }
    let servedName: String
    let keys: KeySources
    let showsMetrics: Bool
    var holdsSecrets: Bool { !keys.isEmpty || configuration.identity != nil }
    let patience: Duration
    let grace: Duration
    let hangLimit: Duration
    let journal: Journal
    var logger: Logger { journal.logger }

    init(_ flags: Serve) throws {
        let port = try Setting.count("port", flags.port, least: 0) ?? 8080
        guard port <= 65_535 else { throw Failure.usage("--port: must be at most 65535, not \(port)") }
        var configuration = ServerConfiguration(
            host: try Setting.text("host", flags.host) ?? "127.0.0.1",
            port: UInt16(port),
            loops: Processors.loops
        )
        if let bytes = try Setting.count("max-body-bytes", flags.maxBodyBytes) {
            configuration.limits.bodyBytes = bytes
        }
        if let bytes = try Setting.count("max-inflight-bytes", flags.maxInflightBytes) {
            configuration.bodyMemoryBytes = bytes
            configuration.answerMemoryBytes = bytes
        }
        guard configuration.limits.bodyBytes <= configuration.bodyMemoryBytes else {
            throw Failure.usage("--max-inflight-bytes: must be at least --max-body-bytes, or such a body never fits")
        }
        if let seconds = try Setting.count("drain-seconds", flags.drainSeconds, least: 0) {
            configuration.deadlines.drain = .seconds(seconds)
        }
        configuration.identity = try flags.tlsOptions.identity()
        self.configuration = configuration
        servedName =
            try Setting.text("served-name", flags.servedName) ?? flags.modelOptions.folder().map(Self.name)
            ?? builtInModelName
        keys = try flags.keyOptions.sources()
        showsMetrics = try flags.keyOptions.publicMetrics || Setting.isSet("public-metrics")
        grace = .seconds(try Setting.count("grace-seconds", flags.graceSeconds, least: 0) ?? 5)
        hangLimit = .seconds(try Setting.count("hang-seconds", flags.hangSeconds, least: 2) ?? 120)
        patience = .seconds(try Setting.count("wait-seconds", flags.waitSeconds) ?? 110)
        journal = try flags.logOptions.journal()
    }

    /// The last part of the folder's path as it was given: a link that is moved to another model keeps its name.
    private static func name(of folder: String) -> String {
        if let last = folder.split(separator: "/").last, last != ".", last != ".." { return String(last) }
        guard let resolved = realpath(folder, nil) else { return folder }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init) ?? folder
    }
}
