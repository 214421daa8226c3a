// Judges a request by its head: who asks, for what, when.
import Batching
import HTTPTypes
import Scoring
package import Serving

/// Whether a request may go to its endpoint.
enum Judgement {
    case passes(Call, Route)
    /// - route: for the metrics; its values are few.
    case fails(Call, APIError, route: String)
}

extension Service {
    /// The server's gate: the answer that a head gets whose body need not come; nil lets the body in.
    ///
    /// What it refuses is judged, answered, counted and logged as the router does it. The other way round it only spares
    /// work: a full queue may have room again, or the last room may be gone, once the body is here.
    package func refuse(_ head: RequestHead) -> Response? {
        let started = ContinuousClock.now
        switch judge(head.request()) {
        case .fails(let call, let failure, let route):
            return answer(failure: failure, to: call, route: route, since: started)
        case .passes(let call, let route):
            guard let failure = overload(of: route, for: call) else { return nil }
            return answer(failure: failure, to: call, route: route.path, since: started)
        }
    }

    /// Everything that a head decides. It is asked before the body, and again with it: no way leads around it.
    func judge(_ request: Request) -> Judgement {
        let (inner, caller) = access.examined(request)
        var call = call(of: inner)
        let candidates = Route.all(at: inner.path)
        // HEAD is GET without the body (RFC 9110 section 9.3.2); Serving drops the body.
        let method = inner.method == .head ? .get : inner.method
        let route = candidates.first { $0.method == method }
        let name = (route ?? candidates.first)?.path ?? "unknown"
        // Which paths there are is not a stranger's to find out either.
        if let denial = access.denial(of: caller, from: route.map(audience) ?? .callers) {
            return .fails(call, .denied(denial), route: name)
        }
        guard let route else {
            let failure = APIError.methodNotAllowed(allowed: Self.methods(of: candidates))
            return .fails(call, candidates.isEmpty ? .unknownPath : failure, route: name)
        }
        call.parameter = route.match(inner.path)
        call.namesModel = route.audience > .everybody
        do throws(APIError) {
            if route.method == .post { try call.checkType() }
        } catch {
            return .fails(call, error, route: name)
        }
        return .passes(call, route)
    }

    /// Memory for bodies comes back as the queue runs dry.
    func failure(of refusal: Refusal) -> APIError {
        guard refusal == .crowded else { return .refusal(refusal) }
        return .crowded(retryAfterSeconds: models.current.scorer.load.retryAfterSeconds)
    }

    private func audience(of route: Route) -> Audience {
        route.path == "/metrics" && showsMetrics ? .everybody : route.audience
    }

    private static func methods(of routes: [Route]) -> [String] {
        routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
    }

    /// Why there is no place for a request's work; nil where there may be one.
    private func overload(of route: Route, for call: Call) -> APIError? {
        let load = call.model.scorer.load
        switch route.queue {
        case .refuses where !call.saysHowLongItWaits:
            return load.isFull ? .scoring(.overloaded(retryAfterSeconds: load.retryAfterSeconds), param: nil) : nil
        case .refuses, .waits:
            return load.isLineFull ? .scoring(.lineFull(retryAfterSeconds: load.retryAfterSeconds), param: nil) : nil
        case .unused: return nil
        }
    }
}

extension Call {
    /// `?wait=`; what else the URL says is read with the body.
    fileprivate var saysHowLongItWaits: Bool { (try? QueryString(request.query))?["wait"] != nil }
}

extension Load {
    /// When a caller that finds no room may find some.
    var retryAfterSeconds: Int { Int(secondsAhead.rounded(.up)) }
}
