// Promise P2 through everything between a rollout and its rewards.
import Batching
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Testing
import Transformers

/// A small decoder of random weights; the same whatever it is computed with.
private func model(_ compute: ComputeSettings) throws -> RewardModel {
    let shape = Qwen2Shape(
        vocabularySize: 101,
        hiddenSize: 40,
        intermediateSize: 300,
        layerCount: 2,
        headCount: 4,
        keyValueHeadCount: 2,
        maximumPositions: 4096
    )
    return try RewardModel(randomly: ModelConfig(json: qwen2Config(shape)), seed: 3, compute: compute)
}

/// Sequences that grow out of one another like a search tree's, around the lengths where blocks end.
private func forest(using generator: inout SeededGenerator) -> [TokenWork] {
    var paths: [[Int32]] = [[]]
    for _ in 0..<80 {
        let trunk = paths[Int.random(in: 0..<paths.count, using: &generator)]
        let kept = trunk.prefix(Int.random(in: 0...trunk.count, using: &generator))
        let length = [1, 2, 5, 17, 30, 63, 64, 65, 90].randomElement(using: &generator) ?? 1
        let branch = (0..<length).map { _ in Int32.random(in: 0..<101, using: &generator) }
        paths.append(Array((kept + branch).prefix(200)))
    }
    return paths.filter { !$0.isEmpty }.map { tokens in
        // Every ninth position and the last: works that share tokens mostly share their reads, but not all of them.
        let odd = Int.random(in: 0..<8, using: &generator) == 0 ? 1 : 0
        let reads = tokens.indices.filter { $0 % 9 == odd || $0 == tokens.count - 1 }
        return TokenWork(tokens: tokens, reads: reads)
    }
}

/// One way to compute.
private struct Arrangement: CustomStringConvertible {
    let compute: ComputeSettings
    let batchTokens: Int
    let cacheTokens: Int

    var description: String { "\(compute), \(batchTokens) tokens a batch, \(cacheTokens) kept" }
}

@Suite struct EngineTests {
    /// How many rollouts are compared; Deploy/checks/bits asks for more.
    private static let wanted =
        ProcessInfo.processInfo.environment["LINCHPIN_COMPARISONS"].flatMap { Int($0) } ?? 6_000

    private static let arrangements: [Arrangement] = {
        var all: [Arrangement] = []
        for precision in Precision.allCases {
            for (index, kernel) in Kernel.allCases.filter(\.isSupported).enumerated() {
                for threads in 1...4 {
                    for (place, batchTokens) in [16, 100, 1024].enumerated() {
                        // Nothing kept, some tokens that are soon evicted, everything.
                        let cacheTokens = [0, 400, 100_000][(index + threads + place) % 3]
                        all.append(
                            Arrangement(
                                compute: ComputeSettings(threads: threads, precision: precision, kernel: kernel),
                                batchTokens: batchTokens,
                                cacheTokens: cacheTokens
                            )
                        )
                    }
                }
            }
        }
        return all
    }()

    @Test
    func `a rollout has one bit pattern in any batch, order, chunk, cache, thread count and kernel`() async throws {
        var generator = SeededGenerator(seed: 50)
        let works = forest(using: &generator)
        var compared = 0
        var known: [Precision: [[UInt32]]] = [:]
        for precision in Precision.allCases { known[precision] = try await alone(works, precision) }
        #expect(known[.stored] != known[.int8], "precisions that do not differ prove nothing")
        // Plain C without fused multiply-adds in the hardware is a hundred times slower: it gets fewer rounds.
        let fast = Self.arrangements.count { $0.compute.kernel != .plain }
        let wantedRounds = max(1, (Self.wanted + fast * works.count - 1) / (fast * works.count))
        for arrangement in Self.arrangements {
            let rounds = arrangement.compute.kernel == .plain ? max(1, wantedRounds / 50) : wantedRounds
            let model = try model(arrangement.compute)
            let engine = Engine(
                model,
                settings: EngineSettings(
                    limits: BatchLimits(maximumBatchTokens: arrangement.batchTokens),
                    cacheBytes: arrangement.cacheTokens * model.slotBytes
                )
            )
            let expected = try #require(known[arrangement.compute.precision])
            for _ in 0..<rounds {
                let order = Array(works.indices).shuffled(using: &generator)
                let requests = cut(order, using: &generator)
                let wrong = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for request in requests {
                        group.addTask {
                            let answers = try await engine.submit(request.map { works[$0] })
                            return zip(request, answers).filter { $1.rewards.map(\.bitPattern) != expected[$0] }.map(
                                \.0
                            )
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                compared += order.count
                #expect(wrong.isEmpty, "\(arrangement): \(wrong.map { works[$0].tokens.count })")
            }
            let load = engine.load
            #expect(load.slotsInUse <= max(arrangement.cacheTokens, 0), "\(arrangement): slots stay behind")
            if arrangement.cacheTokens > 10_000, rounds > 1 { #expect(load.cachedTokens > load.tokens / 2) }
        }
        print("compared \(compared) rollouts bit by bit, in \(Self.arrangements.count) arrangements")
    }

    /// Requests of one to eight rollouts.
    private func cut(_ order: [Int], using generator: inout SeededGenerator) -> [[Int]] {
        var rest = order[...]
        var requests: [[Int]] = []
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...8, using: &generator))
            requests.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return requests
    }

    /// Each by itself, on one thread, with nothing kept and nothing cut.
    private func alone(_ works: [TokenWork], _ precision: Precision) async throws -> [[UInt32]] {
        let model = try model(ComputeSettings(precision: precision, kernel: .plain))
        var bits: [[UInt32]] = []
        for work in works {
            let batch = try PackedBatch([TokenSequence(ids: work.tokens.map(\.id), readPositions: work.reads)])
            bits.append(try await model.forward(batch).map(\.bitPattern))
        }
        return bits
    }

    @Test func `a rollout that is sent again with one more step costs that step`() async throws {
        let model = try model(ComputeSettings())
        let engine = Engine(model, settings: EngineSettings(cacheBytes: 1 << 24))
        let tokens = (0..<200).map { Int32($0 % 101) }
        func work(_ count: Int) -> TokenWork {
            TokenWork(tokens: Array(tokens[..<count]), reads: Array(stride(from: 19, to: count, by: 20)))
        }
        let first = try await engine.submit([work(180)])[0]
        let second = try await engine.submit([work(200)])[0]
        let third = try await engine.submit([work(200)])[0]
        #expect(first.cachedTokens == 0 && second.cachedTokens == 180 && third.cachedTokens == 200)
        #expect(await model.takeEffort().rows == 200)
        #expect(Array(second.rewards.prefix(9)) == first.rewards && third.rewards == second.rewards)
    }
}
