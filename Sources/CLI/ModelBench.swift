// Runs a workload again and again, the machine's peak between.
import Batching
import JSON
import Scoring
import Transformers

/// One workload on one model.
struct ModelBench {
    let workload: Workload
    let vocabulary: Int
    let engine: Engine
    let model: RewardModel

    func run(rounds: Int) async throws -> ModelFigures {
        let peak = MachinePeak(model.compute)
        _ = try await time(workload.requests(vocabulary: vocabulary, salt: -1))
        _ = await model.takeEffort()
        var figures = ModelFigures(tokensSent: tokens(0))
        for round in 0..<rounds {
            let before = peak.operationsPerSecond()
            let seconds = try await time(workload.requests(vocabulary: vocabulary, salt: 2 * round))
            let effort = await model.takeEffort()
            figures.add(seconds: seconds, effort, peak: (before + peak.operationsPerSecond()) / 2)
            guard let unique = workload.uniqueTokens(vocabulary: vocabulary, salt: 2 * round + 1) else { continue }
            figures.uniqueSeconds.append(try await time([unique]))
            _ = await model.takeEffort()
        }
        return figures
    }

    private func tokens(_ salt: Int) -> Int {
        workload.requests(vocabulary: vocabulary, salt: salt).joined().reduce(0) { $0 + $1.tokens.count }
    }

    private func time(_ requests: [[TokenWork]]) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for works in requests { _ = try await engine.submit(works) }
        return (clock.now - start) / .seconds(1)
    }
}

/// What the rounds of a bench found.
struct ModelFigures {
    /// As sent, a round.
    let tokensSent: Int
    private var seconds: [Double] = []
    private var efforts: [Effort] = []
    private var peaks: [Double] = []
    /// Of the same number of tokens with nothing shared; empty where nothing was.
    var uniqueSeconds: [Double] = []

    init(tokensSent: Int) { self.tokensSent = tokensSent }

    mutating func add(seconds: Double, _ effort: Effort, peak: Double) {
        self.seconds.append(seconds)
        efforts.append(effort)
        peaks.append(peak)
    }

    private func median(_ numbers: [Double]) -> Double { numbers.isEmpty ? 0 : numbers.sorted()[numbers.count / 2] }

    private var tokensPerSecond: Double { Double(tokensSent) / median(seconds) }
    private var computedTokens: Int { efforts.last?.rows ?? 0 }
    private var operationsPerSecond: Double { median(zip(efforts, seconds).map { $0.operations / $1 }) }
    private var shares: [Double] { zip(zip(efforts, seconds), peaks).map { $0.0.operations / $0.1 / $1 } }
    private var timeOverUnique: Double? {
        uniqueSeconds.isEmpty ? nil : median(zip(seconds, uniqueSeconds).map { $0 / $1 })
    }

    /// The share of a round's time that each part took.
    private var parts: [(part: Part, share: Double)] {
        Part.allCases.map { part in
            (part, median(zip(efforts, seconds).map { $0.seconds[part, default: 0] / $1 }))
        }
    }

    func object(_ shape: ModelShape, _ workload: Workload, _ model: RewardModel) -> JSONValue {
        func number(_ value: Double) -> JSONValue { JSONValue(value) ?? .null }
        var object = JSONObject([
            ("shape", .string(shape.rawValue)), ("precision", .string(model.compute.precision.rawValue)),
            ("workload", .string(workload.rawValue)), ("kernel", .string(model.compute.kernel.rawValue)),
            ("threads", JSONValue(model.compute.threads)), ("rounds", JSONValue(seconds.count)),
            ("tokens_sent", JSONValue(tokensSent)), ("tokens_computed", JSONValue(computedTokens)),
            ("seconds", number(median(seconds))), ("least_seconds", number(seconds.min() ?? 0)),
            ("most_seconds", number(seconds.max() ?? 0)), ("tokens_per_second", number(tokensPerSecond)),
            ("operations_per_second", number(operationsPerSecond)),
            ("peak_operations_per_second", number(median(peaks))), ("share_of_peak", number(median(shares))),
        ])
        if let timeOverUnique { object["time_over_unique"] = number(timeOverUnique) }
        object["parts"] = .object(JSONObject(parts.map { ($0.part.rawValue, number($0.share)) }))
        object["weight_bytes"] = JSONValue(model.memoryBytes)
        object["peak_bytes"] = JSONValue(ProcessMemory.peakBytes)
        return .object(object)
    }

    var text: String {
        func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
        let spread =
            "\(Int((1000 * (seconds.min() ?? 0)).rounded())) to \(Int((1000 * (seconds.max() ?? 0)).rounded()))"
        var lines = [
            "\(Int(tokensPerSecond)) tokens/s: \(tokensSent) tokens, \(computedTokens) of them computed, in "
                + "\(Int((1000 * median(seconds)).rounded())) ms (median of \(seconds.count); \(spread))",
            "\(Int(operationsPerSecond / 1e9)) GOP/s in linear layers, \(percent(median(shares))) of the peak of "
                + "\(Int(median(peaks) / 1e9)) (\(percent(shares.min() ?? 0)) to \(percent(shares.max() ?? 0)))",
        ]
        if let timeOverUnique {
            lines.append(
                "\(Int((100 * timeOverUnique).rounded())) % of the time of the same tokens with nothing shared"
            )
        }
        lines += parts.map { "\($0.part.rawValue): \(percent($0.share))" }
        lines.append("peak memory \(ProcessMemory.peakBytes >> 20) MiB")
        return lines.joined(separator: "\n")
    }
}
