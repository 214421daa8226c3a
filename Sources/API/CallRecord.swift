// What is counted, timed and logged of one answered request.
import Logging

/// Never what a caller wrote but the id and the trace, which were checked: no prompt, no key, no path.
struct CallRecord: Sendable {
    let id: String
    /// As the route table has it, or `unknown`, or `refused`.
    let route: String
    let status: Int
    /// Of the error where the whole request failed.
    let code: String?
    let seconds: Double
    let cost: ScoringCost?
    let trace: TraceContext?
    /// The caller left before its answer was there.
    let isClientGone: Bool

    /// The fields of its line in the log, by the names that others use for them.
    var metadata: Logger.Metadata {
        var fields: Logger.Metadata = [
            "request_id": "\(id)", "route": "\(route)", "status": .stringConvertible(status),
            "seconds": .stringConvertible(Self.rounded(seconds)),
        ]
        if let code { fields["code"] = "\(code)" }
        if let cost {
            fields["rollouts"] = .stringConvertible(cost.rollouts)
            fields["tokens"] = .stringConvertible(cost.tokens)
            fields["cached_tokens"] = .stringConvertible(cost.cachedTokens)
            fields["queue_seconds"] = .stringConvertible(Self.rounded(cost.queue))
            fields["tokenize_seconds"] = .stringConvertible(Self.rounded(cost.tokenize))
            fields["kernel_seconds"] = .stringConvertible(Self.rounded(cost.kernel))
        }
        if let trace {
            fields["trace_id"] = "\(trace.trace)"
            fields["span_id"] = "\(trace.span)"
        }
        if isClientGone { fields["client_gone"] = .stringConvertible(true) }
        return fields
    }

    /// To the microsecond: more digits say nothing.
    private static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }
}
