// What a server bench found.
import Batching
import JSON

/// The figures of one run.
struct Figures {
    struct Sample: Sendable {
        let seconds: Double
        let isGood: Bool
    }

    let requestsPerSecond: Double
    let tokensPerSecond: Double
    let failures: Int
    let p50: Double
    let p99: Double
    /// Seconds of kernel time a batch, and the mean batch in rollouts and tokens.
    let kernelSecondsPerBatch: Double
    let rolloutsPerBatch: Double
    let tokensPerBatch: Double
    /// Seconds that a rollout waited for the kernel, on average.
    let queueSeconds: Double
    /// The share of wall time in which the kernel was not busy.
    let overheadShare: Double
    let clients: Int

    /// - Parameters before, after: the batcher's load at both ends of `seconds`.
    init(samples: [Sample], before: Load, after: Load, seconds: Double, clients: Int) {
        let sorted = samples.map(\.seconds).sorted()
        func quantile(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
        let batches = Double(max(1, after.batches - before.batches))
        let busy = after.busySeconds - before.busySeconds
        self.clients = clients
        requestsPerSecond = Double(after.items - before.items) / seconds
        tokensPerSecond = Double(after.tokens - before.tokens) / seconds
        failures = samples.count { !$0.isGood }
        p50 = quantile(0.5)
        p99 = quantile(0.99)
        kernelSecondsPerBatch = busy / batches
        rolloutsPerBatch = Double(after.items - before.items) / batches
        tokensPerBatch = Double(after.tokens - before.tokens) / batches
        queueSeconds = (after.waitedSeconds - before.waitedSeconds) / Double(max(1, after.items - before.items))
        overheadShare = max(0, 1 - busy / seconds)
    }

    var object: JSONValue {
        var object = JSONObject()
        object["clients"] = JSONValue(clients)
        object["requests_per_second"] = JSONValue(requestsPerSecond)
        object["tokens_per_second"] = JSONValue(tokensPerSecond)
        object["failures"] = JSONValue(failures)
        object["p50_seconds"] = JSONValue(p50)
        object["p99_seconds"] = JSONValue(p99)
        object["queue_seconds"] = JSONValue(queueSeconds)
        object["kernel_seconds"] = JSONValue(kernelSecondsPerBatch)
        object["rollouts_per_batch"] = JSONValue(rolloutsPerBatch)
        object["tokens_per_batch"] = JSONValue(tokensPerBatch)
        object["overhead_share"] = JSONValue(overheadShare)
        return .object(object)
    }

    var text: String {
        func fixed(_ value: Double, _ digits: Int) -> String {
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            return "\((value * scale).rounded() / scale)"
        }
        return """
            \(clients) clients, one rollout a request
            requests a second   \(fixed(requestsPerSecond, 1))
            tokens a second     \(fixed(tokensPerSecond, 0))
            latency             p50 \(fixed(p50 * 1000, 2)) ms, p99 \(fixed(p99 * 1000, 2)) ms, failures \(failures)
            kernel              \(fixed(kernelSecondsPerBatch * 1000, 2)) ms a batch of \(fixed(rolloutsPerBatch, 1)) rollouts, \
            \(fixed(tokensPerBatch, 0)) tokens
            queue               \(fixed(queueSeconds * 1000, 2)) ms a rollout, on average
            kernel idle         \(fixed(overheadShare * 100, 1)) % of the time
            """
    }
}
