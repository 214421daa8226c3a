// Attention against float64, and bit by bit against itself.
import CKernels
import Fixtures
import Testing

/// heads, key-value heads, dimension of a head
private let headings = [
    (1, 1, 2), (4, 2, 8), (4, 4, 16), (3, 1, 24), (14, 2, 64), (2, 1, 80), (6, 1, 96), (12, 2, 128), (2, 1, 256),
]

@Suite struct AttentionTests {
    @Test(arguments: headings, [1, 2, 63, 64, 65, 150])
    func `softmax of scaled products over all keys before`(heading: (Int, Int, Int), length: Int) {
        let sample = AttentionSample(
            length: length,
            heads: heading.0,
            sharedHeads: heading.1,
            dimension: heading.2,
            seed: 20
        )
        let found = sample.attend([Int](0..<length), lp_isa_best())
        let some = [0, length / 3, length / 2, length - 1]
        #expect(largestDifference(some.flatMap { found[$0] }, sample.reference(some)) < 3e-6)
    }

    @Test(arguments: [8, 16, 20, 64, 80, 96, 128, 256], [1, 2, 6, 7])
    func `every version of the kernel gives the same bits`(dimension: Int, group: Int) {
        let sample = AttentionSample(length: 80, heads: group, sharedHeads: 1, dimension: dimension, seed: 21)
        let positions = [0, 1, 2, 3, 4, 5, 6, 30, 31, 63, 64, 70, 71, 79]
        let expected = sample.attend(positions, LP_PLAIN).flatMap(\.bits)
        for version in versionsHere {
            #expect(sample.attend(positions, version).flatMap(\.bits) == expected, "\(version)")
        }
    }

    @Test(arguments: [1, 2, 16, 63, 64, 65, 100, 199, 200, 201])
    func `a window counts the query itself`(window: Int) {
        let sample = AttentionSample(length: 200, heads: 2, sharedHeads: 1, dimension: 8, window: window, seed: 22)
        let positions = [Int](0..<200)
        let expected = sample.attend(positions, LP_PLAIN)
        let some = [0, 1, 15, 16, 62, 63, 64, 65, 99, 126, 127, 128, 129, 163, 164, 198, 199]
        #expect(largestDifference(some.flatMap { expected[$0] }, sample.reference(some)) < 3e-6)
        for version in versionsHere { #expect(sample.attend(positions, version) == expected, "\(version)") }
    }

    @Test func `a window as long as the path changes no bit`() {
        let full = AttentionSample(length: 130, heads: 2, sharedHeads: 1, dimension: 8, seed: 23)
        let wide = AttentionSample(length: 130, heads: 2, sharedHeads: 1, dimension: 8, window: 130, seed: 23)
        let positions = [Int](0..<130)
        for version in versionsHere {
            #expect(wide.attend(positions, version).map(\.bits) == full.attend(positions, version).map(\.bits))
        }
    }

    @Test(arguments: [1, 2, 6, 7], [0, 50])
    func `a query has the same bits alone, in any block and between any others`(group: Int, window: Int) {
        let sample = AttentionSample(
            length: 140,
            heads: group,
            sharedHeads: 1,
            dimension: 8,
            window: window,
            seed: 24
        )
        var generator = SeededGenerator(seed: 25)
        for version in versionsHere {
            let whole = sample.attend([Int](0..<140), version).map(\.bits)
            for together in [1, 5, 64] {
                let some = (0..<140).filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
                let found = sample.attend(some, version, together: together).map(\.bits)
                #expect(found == some.map { whole[$0] }, "\(together) of \(some)")
            }
        }
    }

    @Test func `bits do not depend on where keys and values lie`() {
        func sample(_ shufflesSlots: Bool) -> AttentionSample {
            AttentionSample(
                length: 150,
                heads: 4,
                sharedHeads: 2,
                dimension: 24,
                shufflesSlots: shufflesSlots,
                seed: 26
            )
        }
        let positions = [Int](0..<150)
        for version in versionsHere {
            #expect(
                sample(true).attend(positions, version).map(\.bits)
                    == sample(false).attend(positions, version).map(\.bits)
            )
        }
    }

    @Test(arguments: [0, 1, 20, 70], [Float.infinity, .nan])
    func `a key that a query does not see is not touched`(window: Int, number: Float) {
        let clean = AttentionSample(length: 140, heads: 3, sharedHeads: 1, dimension: 8, window: window, seed: 27)
        let positions = [Int](0..<140).filter { $0 % 3 != 1 }
        for version in versionsHere {
            let expected = clean.attend(positions, version)
            for touched in [0, 30, 63, 64, 138] {
                var sample = clean
                sample.set(touched, to: number)
                let found = sample.attend(positions, version)
                for (index, position) in positions.enumerated() {
                    let sees = position >= touched && (window == 0 || position < touched + window)
                    let isRight = sees ? found[index].allSatisfy(\.isNaN) : found[index].bits == expected[index].bits
                    #expect(isRight, "\(position) of \(touched), \(version)")
                }
            }
        }
    }

    @Test func `a NaN comes out where it went in`() {
        let clean = AttentionSample(length: 100, heads: 2, sharedHeads: 2, dimension: 16, seed: 28)
        let positions = [Int](0..<100)
        for version in versionsHere {
            var sample = clean
            sample.setValue(70, 5, to: .nan)
            sample.queries[20][16] = .nan
            for (position, row) in zip(positions, sample.attend(positions, version)) {
                let hit = row.indices.filter { row[$0].isNaN }
                let expected = position >= 70 ? [5] : position == 20 ? [Int](16..<32) : []
                #expect(hit == expected, "\(position), \(version)")
            }
        }
    }

    @Test func `large scores do not overflow`() {
        let sample = AttentionSample(length: 100, heads: 1, sharedHeads: 1, dimension: 64, scale: 100, seed: 29)
        let positions = [0, 1, 40, 63, 64, 99]
        for version in versionsHere {
            let found = sample.attend(positions, version).flatMap(\.self)
            #expect(largestDifference(found, sample.reference(positions)) < 1e-2)
        }
    }

    @Test func `shapes that do not divide and queries out of order are refused`() {
        var scratch = [Float](repeating: 0, count: lp_attention_scratch(3, 8))
        func status(
            heads: Int = 2,
            sharedHeads: Int = 2,
            dimension: Int = 8,
            head: Int = 0,
            positions: [Int32] = [0]
        ) -> lp_status {
            var attention = lp_attention(
                queries: nil,
                query_stride: 0,
                out: nil,
                out_stride: 0,
                slabs: nil,
                heads: heads,
                key_value_heads: sharedHeads,
                dimension: dimension,
                window: 0
            )
            return lp_attention_block(LP_PLAIN, &attention, [0], positions, positions.count, 0, head, &scratch)
        }
        #expect(status(heads: 3) == LP_BAD_SHAPE)
        #expect(status(sharedHeads: 0) == LP_BAD_SHAPE)
        #expect(status(dimension: 0) == LP_BAD_SHAPE)
        #expect(status(head: 2) == LP_BAD_INDEX)
        #expect(status(positions: []) == LP_BAD_INDEX)
        #expect(status(positions: [-1]) == LP_BAD_INDEX)
        #expect(status(positions: [4, 4]) == LP_BAD_INDEX)
        #expect(status(positions: [Int32](0..<65)) == LP_BAD_INDEX)
    }
}
