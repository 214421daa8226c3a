// What a server bench found, on both sides.
import Batching
import JSON

/// What the clients saw, and what the batcher did meanwhile.
struct Figures {
    /// The clients' own object.
    let load: JSONObject
    let tokensPerSecond: Double
    /// Seconds of kernel time a batch, and the mean batch in rollouts and tokens.
    let kernelSecondsPerBatch: Double
    let rolloutsPerBatch: Double
    let tokensPerBatch: Double
    /// Seconds that a rollout waited for the kernel, on average.
    let queueSeconds: Double
    /// The share of wall time in which the kernel was not busy: at saturation, what everything else costs.
    let overheadShare: Double
    let clients: Int

    /// - Parameters before, after: the batcher's load at both ends of `seconds`.
    init(load: JSONObject, before: Load, after: Load, seconds: Double, clients: Int) {
        let batches = Double(max(1, after.batches - before.batches))
        let busy = after.busySeconds - before.busySeconds
        self.load = load
        self.clients = clients
        tokensPerSecond = Double(after.tokens - before.tokens) / seconds
        kernelSecondsPerBatch = busy / batches
        rolloutsPerBatch = Double(after.items - before.items) / batches
        tokensPerBatch = Double(after.tokens - before.tokens) / batches
        queueSeconds = (after.waitedSeconds - before.waitedSeconds) / Double(max(1, after.items - before.items))
        overheadShare = max(0, 1 - busy / seconds)
    }

    var object: JSONValue {
        func number(_ value: Double) -> JSONValue { JSONValue(value) ?? .null }
        var object = load
        object["clients"] = JSONValue(clients)
        object["tokens_per_second"] = number(tokensPerSecond)
        object["queue_seconds"] = number(queueSeconds)
        object["kernel_seconds"] = number(kernelSecondsPerBatch)
        object["rollouts_per_batch"] = number(rolloutsPerBatch)
        object["tokens_per_batch"] = number(tokensPerBatch)
        object["overhead_share"] = number(overheadShare)
        return .object(object)
    }

    var text: String {
        func fixed(_ value: Double, _ digits: Int) -> String {
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            return "\((value * scale).rounded() / scale)"
        }
        func seen(_ key: String) -> Double { load[key]?.double ?? 0 }
        let long = load["long_p50_seconds"].map { _ in
            "\nof 4096 tokens      p50 \(fixed(seen("long_p50_seconds") * 1000, 2)) ms"
        }
        return """
            \(clients) clients, one rollout a request
            requests a second   \(fixed(seen("requests_per_second"), 1)), failures \(Int(seen("failures")))
            tokens a second     \(fixed(tokensPerSecond, 0))
            latency             p50 \(fixed(seen("p50_seconds") * 1000, 2)) ms, \
            p99 \(fixed(seen("p99_seconds") * 1000, 2)) ms\(long ?? "")
            kernel              \(fixed(kernelSecondsPerBatch * 1000, 2)) ms a batch of \(fixed(rolloutsPerBatch, 1)) rollouts, \
            \(fixed(tokensPerBatch, 0)) tokens
            queue               \(fixed(queueSeconds * 1000, 2)) ms a rollout, on average
            kernel idle         \(fixed(overheadShare * 100, 1)) % of the time
            """
    }
}
