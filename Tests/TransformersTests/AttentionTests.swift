import CKernels
// Attention against float64, and bit by bit against itself.
import Fixtures
import Foundation
import Testing

/// Random queries, keys and values of a packed batch.
private struct Case {
    let heads: Int
    let sharedHeads: Int
    let dimension: Int
    let window: Int
    let queries: [Float]
    let keys: [Float]
    let values: [Float]

    init(
        rows: Int,
        heads: Int,
        sharedHeads: Int,
        dimension: Int,
        window: Int = 0,
        scale: Float = 2,
        using generator: inout SeededGenerator
    ) {
        self.heads = heads
        self.sharedHeads = sharedHeads
        self.dimension = dimension
        self.window = window
        queries = generator.floats(rows * heads * dimension, scale: scale)
        keys = generator.floats(rows * sharedHeads * dimension, scale: scale)
        values = generator.floats(rows * sharedHeads * dimension)
    }

    /// The same rows somewhere else, with strangers before and after them.
    init(_ other: Case, before: Int, after: Int, using generator: inout SeededGenerator) {
        (heads, sharedHeads, dimension, window) = (other.heads, other.sharedHeads, other.dimension, other.window)
        func surrounded(_ numbers: [Float], _ width: Int) -> [Float] {
            generator.floats(before * width, scale: 9) + numbers + generator.floats(after * width, scale: 9)
        }
        queries = surrounded(other.queries, heads * dimension)
        keys = surrounded(other.keys, sharedHeads * dimension)
        values = surrounded(other.values, sharedHeads * dimension)
    }

    func attend(rollout: Range<Int>, isPlain: Bool = false) -> [Float] {
        var out = [Float](repeating: .nan, count: queries.count)
        var scratch = [Float](repeating: .nan, count: lp_attention_scratch(dimension))
        queries.withUnsafeBufferPointer { queries in
            keys.withUnsafeBufferPointer { keys in
                values.withUnsafeBufferPointer { values in
                    out.withUnsafeMutableBufferPointer { out in
                        var attention = lp_attention(
                            queries: queries.baseAddress,
                            keys: keys.baseAddress,
                            values: values.baseAddress,
                            out: out.baseAddress,
                            heads: heads,
                            key_value_heads: sharedHeads,
                            dimension: dimension,
                            window: window
                        )
                        for block in (0..<lp_attention_blocks(rollout.count)).reversed() {
                            for head in 0..<heads {
                                let kernel = isPlain ? lp_attention_block_plain : lp_attention_block
                                let status = kernel(
                                    &attention,
                                    rollout.lowerBound,
                                    rollout.count,
                                    head,
                                    block,
                                    &scratch
                                )
                                #expect(status == LP_OK)
                            }
                        }
                    }
                }
            }
        }
        return Array(out[rollout.lowerBound * heads * dimension..<rollout.upperBound * heads * dimension])
    }

    func reference(length: Int) -> [Double] {
        var out = [Double](repeating: 0, count: length * heads * dimension)
        for query in 0..<length {
            for head in 0..<heads {
                let place = (query * heads + head) * dimension
                let visible = (window == 0 ? 0 : max(0, query + 1 - window))...query
                func shared(_ key: Int) -> Int { (key * sharedHeads + head / (heads / sharedHeads)) * dimension }
                let scores = visible.map { key in
                    (0..<dimension).reduce(0.0) { $0 + Double(queries[place + $1]) * Double(keys[shared(key) + $1]) }
                        / Double(dimension).squareRoot()
                }
                let largest = scores.max() ?? 0
                let weights = scores.map { exp($0 - largest) }
                let sum = weights.reduce(0, +)
                for (key, weight) in zip(visible, weights) {
                    for d in 0..<dimension { out[place + d] += weight / sum * Double(values[shared(key) + d]) }
                }
            }
        }
        return out
    }
}

/// heads, key-value heads, dimension of a head
private let headings = [(1, 1, 2), (4, 2, 8), (4, 4, 16), (3, 1, 24), (2, 2, 64), (14, 2, 64), (2, 1, 128)]

@Suite struct AttentionTests {
    @Test(arguments: headings, [1, 2, 63, 64, 65, 150])
    func `softmax of scaled products over all keys before`(heading: (Int, Int, Int), length: Int) {
        var generator = SeededGenerator(seed: 20)
        let sample = Case(
            rows: length,
            heads: heading.0,
            sharedHeads: heading.1,
            dimension: heading.2,
            using: &generator
        )
        let expected = sample.reference(length: length)
        #expect(largestDifference(sample.attend(rollout: 0..<length), expected) < 3e-6)
        #expect(largestDifference(sample.attend(rollout: 0..<length, isPlain: true), expected) < 3e-6)
    }

    @Test(arguments: [1, 2, 16, 63, 64, 65, 100, 199, 200, 201])
    func `a window counts the query itself`(window: Int) {
        var generator = SeededGenerator(seed: 21)
        let sample = Case(rows: 200, heads: 2, sharedHeads: 1, dimension: 8, window: window, using: &generator)
        #expect(largestDifference(sample.attend(rollout: 0..<200), sample.reference(length: 200)) < 3e-6)
    }

    @Test func `a window as long as the rollout changes no bit`() {
        var generator = SeededGenerator(seed: 22)
        let full = Case(rows: 130, heads: 2, sharedHeads: 1, dimension: 8, using: &generator)
        generator = SeededGenerator(seed: 22)
        let wide = Case(rows: 130, heads: 2, sharedHeads: 1, dimension: 8, window: 130, using: &generator)
        #expect(wide.attend(rollout: 0..<130).bits == full.attend(rollout: 0..<130).bits)
    }

    @Test(arguments: [1, 40, 64, 129]) func `a rollout has the same bits wherever it stands in the batch`(length: Int) {
        var generator = SeededGenerator(seed: 23)
        let alone = Case(rows: length, heads: 4, sharedHeads: 2, dimension: 8, using: &generator)
        let expected = alone.attend(rollout: 0..<length).bits
        for before in [0, 1, 63, 64, 100] {
            let packed = Case(alone, before: before, after: 70, using: &generator)
            #expect(packed.attend(rollout: before..<before + length).bits == expected, "behind \(before) rows")
        }
    }

    @Test func `what follows changes no bit of what came before`() {
        var generator = SeededGenerator(seed: 24)
        let sample = Case(rows: 200, heads: 2, sharedHeads: 2, dimension: 16, using: &generator)
        let whole = sample.attend(rollout: 0..<200)
        for length in [1, 63, 64, 65, 130] {
            #expect(sample.attend(rollout: 0..<length).bits == whole[0..<length * 32].bits)
        }
    }

    @Test func `large scores do not overflow`() {
        var generator = SeededGenerator(seed: 25)
        let sample = Case(rows: 100, heads: 1, sharedHeads: 1, dimension: 64, scale: 100, using: &generator)
        #expect(largestDifference(sample.attend(rollout: 0..<100), sample.reference(length: 100)) < 1e-2)
    }

    @Test func `heads that do not divide and blocks past the end are refused`() {
        var scratch = [Float](repeating: 0, count: lp_attention_scratch(8))
        func status(heads: Int, sharedHeads: Int, dimension: Int, head: Int, block: Int) -> lp_status {
            var attention = lp_attention(
                queries: nil,
                keys: nil,
                values: nil,
                out: nil,
                heads: heads,
                key_value_heads: sharedHeads,
                dimension: dimension,
                window: 0
            )
            return lp_attention_block(&attention, 0, 64, head, block, &scratch)
        }
        #expect(status(heads: 3, sharedHeads: 2, dimension: 8, head: 0, block: 0) == LP_BAD_SHAPE)
        #expect(status(heads: 2, sharedHeads: 0, dimension: 8, head: 0, block: 0) == LP_BAD_SHAPE)
        #expect(status(heads: 2, sharedHeads: 2, dimension: 0, head: 0, block: 0) == LP_BAD_SHAPE)
        #expect(status(heads: 2, sharedHeads: 2, dimension: 8, head: 2, block: 0) == LP_BAD_INDEX)
        #expect(status(heads: 2, sharedHeads: 2, dimension: 8, head: 0, block: 1) == LP_BAD_INDEX)
    }
}
