// Every path that is served.
package import HTTPTypes
import Serving

/// One row of the route table; openapi.yaml names the same rows, and a test holds the two together.
package struct Route: Sendable {
    package let method: HTTPRequest.Method
    /// `{model}` stands for one part of the path, whatever it is.
    package let path: String
    /// Whom it answers; closed to strangers unless the table says otherwise.
    package let audience: Audience
    let queue: Queue
    let endpoint: @Sendable (Call, Service) async throws -> Response
    /// What stands before and after the path's parameter; nil where it has none.
    private let around: (before: String, after: String)?

    /// What becomes of its work when the model's queue is full.
    enum Queue {
        /// The reward model is not asked, so that its queue says nothing.
        case unused
        /// It is refused, unless the URL says how long it may wait.
        case refuses
        /// It waits: who asks takes a refusal for the end of the training.
        case waits
    }

    private init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ audience: Audience,
        _ queue: Queue,
        _ endpoint: @escaping @Sendable (Call, Service) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.audience = audience
        self.queue = queue
        self.endpoint = endpoint
        around = path.firstRange(of: "{model}").map {
            (String(path[..<$0.lowerBound]), String(path[$0.upperBound...]))
        }
    }

    private static func post(
        _ path: String,
        for audience: Audience = .callers,
        queue: Queue = .unused,
        _ endpoint: @escaping @Sendable (Call, Service) async throws -> Response
    ) -> Route {
        Route(.post, path, audience, queue, endpoint)
    }

    private static func get(
        _ path: String,
        for audience: Audience = .callers,
        _ endpoint: @escaping @Sendable (Call, Service) async throws -> Response
    ) -> Route {
        Route(.get, path, audience, .unused, endpoint)
    }

    /// In the order of the README. Probes have no key to show; a page is where a person enters one, and its files are the
    /// same in every Linchpin.
    package static let all = calls + pages

    private static let calls: [Route] = [
        .post("/v1/rewards", queue: .refuses) { try await $1.rewards($0) },
        .post("/v1/credit") { try await $1.credit($0) },
        .post("/get_reward", queue: .waits) { try await $1.getReward($0) },
        .post("/", queue: .waits) { try await $1.slime($0) },
        .post("/rm", queue: .waits) { try await $1.slime($0) },
        .post("/v1/score/evaluation", queue: .waits) { try await $1.scoreEvaluation($0) },
        .post("/pooling", queue: .waits) { try await $1.pooling($0) },
        .post("/classify", queue: .waits) { try await $1.classify($0) },
        .post("/v1/embeddings", queue: .waits) { try await $1.embeddings($0) },
        .post("/admin/reload", for: .operators) { try await $1.adminReload($0) },
        .get("/health", for: .everybody) { try await $1.ready($0) },
        .get("/health/live", for: .everybody) { try await $1.live($0) },
        .get("/health/ready", for: .everybody) { try await $1.ready($0) },
        .get("/ping", for: .everybody) { try await $1.ready($0) },
        .get("/v2/health/live", for: .everybody) { try await $1.protocolLive($0) },
        .get("/v2/health/ready", for: .everybody) { try await $1.protocolReady($0) },
        .get("/v2") { try await $1.protocolServer($0) },
        .get("/v2/models/{model}") { try await $1.protocolModel($0) },
        .get("/v2/models/{model}/ready") { try await $1.protocolModelReady($0) },
        .get("/metrics") { try await $1.metricsPage($0) },
        .get("/v1/models") { try await $1.models($0) },
        .get("/v1/methods") { try await $1.methods($0) },
        .get("/info") { try await $1.info($0) },
        .get("/version") { try await $1.version($0) },
        .get("/openapi.yaml") { try await $1.openAPI($0) },
    ]

    /// All at `path`, whatever their methods. A server that is full does little else than this, so it looks in a table.
    static func all(at path: String) -> [Route] { (literal[path] ?? patterns).filter { $0.match(path) != nil } }

    private static let literal = Dictionary(grouping: all.filter { $0.around == nil }, by: \.path)
    private static let patterns = all.filter { $0.around != nil }

    private static let pages = PagePart.all.map { part in
        Route.get(part.path, for: .everybody) { _, _ in part.response }
    }

    /// What stands in the place of the path's parameter, "" where it has none; nil where `path` is another one.
    func match(_ path: String) -> String? {
        guard let around else { return self.path.utf8.elementsEqual(path.utf8) ? "" : nil }
        let (before, after, bytes) = (around.before.utf8, around.after.utf8, path.utf8)
        guard bytes.count > before.count + after.count, bytes.starts(with: before),
            bytes.suffix(after.count).elementsEqual(after)
        else { return nil }
        let part = bytes.dropFirst(before.count).dropLast(after.count)
        return part.contains(UInt8(ascii: "/")) ? nil : String(Substring(part))
    }
}
