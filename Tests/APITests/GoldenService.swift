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

    init() throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path
        let scorer = try Scorer(checkpoint: Checkpoint(folder: folder))
        service = Service(
            scorer: scorer,
            servedName: "golden",
            defaultCredit: scorer.profile.defaultCredit,
            maximumBodyBytes: 1 << 20,
            connections: Counters(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func post(
        _ path: String,
        _ body: [UInt8],
        headers: HTTPFields = [.contentType: "application/json"]
    ) async -> Response {
        await service.respond(to: .request(Request(method: .post, path: path, headers: headers, body: body)))
    }

    func post(_ path: String, _ value: JSONValue) async -> Response { await post(path, value.serialized()) }

    func send(_ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:]) async -> Response {
        await service.respond(to: .request(Request(method: method, path: path, headers: headers)))
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
