// Finds the endpoint of a request and answers its failures.
package import HTTPTypes
import JSON
import Logging
package import Serving

/// One row of the route table; openapi.yaml names the same rows, and a test holds the two together.
package struct Route: Sendable {
    package let method: HTTPRequest.Method
    package let path: String
    let endpoint: @Sendable (Call, Service) async throws -> Response
}

/// A request on its way through an endpoint, with the id that its answer and its log lines bear.
struct Call: Sendable {
    let request: Request
    let id: String
}

extension Service {
    /// Every path that is served, in the order of the README.
    package static let routes: [Route] = [
        Route(method: .post, path: "/v1/rewards", endpoint: { try await $1.rewards($0) }),
        Route(method: .post, path: "/v1/credit", endpoint: { try await $1.credit($0) }),
        Route(method: .get, path: "/health", endpoint: { try await $1.ready($0) }),
        Route(method: .get, path: "/health/live", endpoint: { try await $1.live($0) }),
        Route(method: .get, path: "/health/ready", endpoint: { try await $1.ready($0) }),
        Route(method: .get, path: "/metrics", endpoint: { try await $1.metricsPage($0) }),
        Route(method: .get, path: "/v1/models", endpoint: { try await $1.models($0) }),
        Route(method: .get, path: "/info", endpoint: { try await $1.info($0) }),
        Route(method: .get, path: "/version", endpoint: { try await $1.version($0) }),
        Route(method: .get, path: "/openapi.yaml", endpoint: { try await $1.openAPI($0) }),
        Route(method: .get, path: "/", endpoint: { try await $1.page($0) }),
    ]

    /// The server's one closure: whatever arrives gets exactly one response.
    package func respond(to arrival: Arrival) async -> Response {
        let started = ContinuousClock.now
        switch arrival {
        case .refusal(let refusal):
            let call = Call(request: Request(method: .get, path: "", query: nil, headers: [:], body: []), id: makeID())
            return answer(failure: .refusal(refusal), to: call, route: "refused", since: started)
        case .request(let request):
            let call = Call(request: request, id: requestID(request) ?? makeID())
            return await answer(call, since: started)
        }
    }

    private func answer(_ call: Call, since started: ContinuousClock.Instant) async -> Response {
        let candidates = Self.routes.filter { $0.path == call.request.path }
        guard let first = candidates.first else {
            return answer(failure: .unknownPath, to: call, route: "unknown", since: started)
        }
        // HEAD is GET without the body (RFC 9110 section 9.3.2); Serving drops the body.
        let method = call.request.method == .head ? .get : call.request.method
        guard let route = candidates.first(where: { $0.method == method }) else {
            let failure = APIError.methodNotAllowed(allowed: Self.methods(of: candidates))
            return answer(failure: failure, to: call, route: first.path, since: started)
        }
        do {
            return finish(try await route.endpoint(call, self), call, route: route.path, since: started)
        } catch {
            let failure = (error as? APIError) ?? .unexpected("\(error)")
            return answer(failure: failure, to: call, route: route.path, since: started)
        }
    }

    private static func methods(of routes: [Route]) -> [String] {
        routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
    }

    private func answer(
        failure: APIError,
        to call: Call,
        route: String,
        since started: ContinuousClock.Instant
    ) -> Response {
        let words = failure.words
        if words.status.code >= 500 {
            logger.error(
                "\(words.message)",
                metadata: ["request_id": "\(call.id)", "code": "\(words.code)", "cause": "\(failure)"]
            )
        }
        return finish(words.response(requestID: call.id), call, route: route, since: started)
    }

    private func finish(
        _ response: Response,
        _ call: Call,
        route: String,
        since started: ContinuousClock.Instant
    ) -> Response {
        var response = response
        response.headers[.requestID] = call.id
        let seconds = started.duration(to: .now).seconds
        metrics.record(route: route, status: response.status.code, seconds: seconds)
        logger.info(
            "request",
            metadata: [
                "request_id": "\(call.id)", "route": "\(route)", "status": "\(response.status.code)",
                "seconds": "\(seconds)",
            ]
        )
        return response
    }

    /// The caller's `X-Request-Id` where it can be echoed safely: 1 to 128 visible ASCII characters.
    private func requestID(_ request: Request) -> String? {
        guard let id = request.headers[.requestID], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return id
    }

    private func makeID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension HTTPField.Name {
    static let requestID: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Request-Id") else { preconditionFailure("the name is a token of RFC 9110") }
        return name
    }()
}

extension Duration {
    /// The whole of it, in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension Response {
    /// A JSON answer.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: bytes)
    }
}
