// Finds the endpoint of a request and answers its failures.
import HTTPTypes
import Logging
import Scoring
package import Serving

/// A request on its way through an endpoint, with the id that its answer and its log lines bear.
struct Call: Sendable {
    let request: Request
    let id: String
    /// Taken once, when the call began: a reload changes nothing for it.
    let model: ServedModel
    /// What stands in the place of the path's parameter.
    var parameter: String?
    /// Whether its answer says which model it was for.
    var namesModel = false
    var trace: TraceContext?
    /// What its rollouts took, once they are scored.
    let account = Account()
}

extension Service {
    /// Whatever arrives gets exactly one response; what the gate lets in is judged here once more.
    package func respond(to arrival: Arrival) async -> Response {
        let started = ContinuousClock.now
        switch arrival {
        case .refusal(let refusal, of: let request):
            let call = call(of: request ?? Request(method: .get, path: ""))
            return answer(failure: failure(of: refusal), to: call, route: "refused", since: started)
        case .request(let request):
            switch judge(request) {
            case .fails(let call, let failure, let route):
                return answer(failure: failure, to: call, route: route, since: started)
            case .passes(let call, let route):
                return await answer(call, by: route, since: started)
            }
        }
    }

    /// A request on its way, with the id that its caller gave it or one that is made.
    func call(of request: Request) -> Call {
        Call(
            request: request,
            id: requestID(request) ?? makeID(),
            model: models.current,
            trace: request.headers[.traceParent].flatMap(TraceContext.init)
        )
    }

    private func answer(_ call: Call, by route: Route, since started: ContinuousClock.Instant) async -> Response {
        do {
            return finish(try await route.endpoint(call, self), call, route: route.path, since: started)
        } catch {
            let failure = (error as? APIError) ?? .unexpected("\(error)")
            return answer(failure: failure, to: call, route: route.path, since: started)
        }
    }

    /// What a request gets that does not come to its endpoint, or fails there.
    func answer(
        failure: APIError,
        to call: Call,
        route: String,
        since started: ContinuousClock.Instant
    ) -> Response {
        let words = failure.words
        note(failure, words, call)
        let response = words.response(requestID: call.id, isPlain: route.utf8.starts(with: "/v2".utf8))
        return finish(response, call, route: route, code: words.code, since: started)
    }

    /// What somebody should look at has a line of its own; a caller's mistake and a full queue have their codes.
    private func note(_ failure: APIError, _ words: ErrorWords, _ call: Call) {
        let metadata: Logger.Metadata = ["request_id": "\(call.id)", "code": "\(words.code)"]
        if words.status == .internalServerError {
            logger.error("\(words.message)", metadata: metadata.merging(["cause": "\(failure)"]) { $1 })
        } else if case .deadline = failure {
            logger.warning("\(words.message)", metadata: metadata)
        }
    }

    private func finish(
        _ response: Response,
        _ call: Call,
        route: String,
        code: String? = nil,
        since started: ContinuousClock.Instant
    ) -> Response {
        var response = response
        let record = CallRecord(
            id: call.id,
            route: route,
            // nginx's 499: nobody reads this answer, so it is none of the 503 that callers see.
            status: code == Self.callerLeft ? 499 : response.status.code,
            code: code,
            seconds: started.duration(to: .now).seconds,
            cost: call.account.cost,
            trace: call.trace,
            isClientGone: Task.isCancelled
        )
        response.headers[.requestID] = call.id
        response.headers[.traceParent] = call.trace?.text
        if call.namesModel { response.headers[.modelRevision] = call.model.revision }
        if let cost = record.cost, cost.scored > 0 {
            response.headers[.serverTiming] = cost.serverTiming(total: record.seconds)
        }
        metrics.record(record)
        logger.info("request", metadata: record.metadata)
        return response
    }

    private static let callerLeft = ScoringError.cancelled.words(param: nil).code

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
    static let requestID = known("X-Request-Id")
    static let modelRevision = known("X-Model-Revision")
    static let serverTiming = known("Server-Timing")

    /// A name that is written here.
    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("the name is a token of RFC 9110") }
        return name
    }
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
