// What follows the product of queries, keys and values.
import CKernels
import Fixtures
import Testing

/// Random rows of a product, and what it takes to finish them.
private struct Sample {
    let heads = 3
    let sharedHeads = 2
    let slots: [Int32] = [1500, 0, 1023, 1024, 7]
    let dimension: Int
    let projected: [Float]
    let cosine: [Float]
    let sine: [Float]
    let queryNorm: [Float]
    let keyNorm: [Float]
    var width: Int { (heads + 2 * sharedHeads) * dimension }
    var stride: Int { width + 3 }
    var sharedWidth: Int { sharedHeads * dimension }

    init(dimension: Int) {
        self.dimension = dimension
        var generator = SeededGenerator(seed: 40)
        projected = generator.floats(5 * (7 * dimension + 3), scale: 3)
        cosine = generator.floats(5 * dimension / 2)
        sine = generator.floats(5 * dimension / 2)
        queryNorm = generator.floats(dimension)
        keyNorm = generator.floats(dimension)
    }

    /// The rows and the two slabs after some of the rows were finished.
    func finish(_ some: Range<Int>, isNormed: Bool, _ version: lp_isa) -> (rows: [Float], slabs: [Float]) {
        var rows = projected
        var slabs = [Float](repeating: -7, count: 2 * LP_SLAB * 2 * sharedWidth)
        queryNorm.withUnsafeBufferPointer { queryNorm in
            keyNorm.withUnsafeBufferPointer { keyNorm in
                withPointers(&rows, &slabs) { rows, slabs, slots, cosine, sine in
                    var projection = lp_projection(
                        projected: rows,
                        stride: stride,
                        slots: slots,
                        slabs: slabs,
                        cosine: cosine,
                        sine: sine,
                        query_norm: isNormed ? queryNorm.baseAddress : nil,
                        key_norm: isNormed ? keyNorm.baseAddress : nil,
                        epsilon: 1e-6,
                        heads: heads,
                        key_value_heads: sharedHeads,
                        dimension: dimension
                    )
                    lp_finish_projection(version, &projection, some.lowerBound, some.count)
                }
            }
        }
        return (rows, slabs)
    }

    private typealias Body = (
        UnsafeMutablePointer<Float>?, UnsafePointer<UnsafeMutablePointer<Float>?>?, UnsafePointer<Int32>?,
        UnsafePointer<Float>?, UnsafePointer<Float>?
    ) -> Void

    private func withPointers(_ rows: inout [Float], _ slabs: inout [Float], _ body: Body) {
        slabs.withUnsafeMutableBufferPointer { slabs in
            let pair = [slabs.baseAddress, slabs.baseAddress?.advanced(by: slabs.count / 2)]
            rows.withUnsafeMutableBufferPointer { rows in
                pair.withUnsafeBufferPointer { pair in
                    slots.withUnsafeBufferPointer { slots in
                        cosine.withUnsafeBufferPointer { cosine in
                            sine.withUnsafeBufferPointer { sine in
                                body(
                                    rows.baseAddress,
                                    pair.baseAddress,
                                    slots.baseAddress,
                                    cosine.baseAddress,
                                    sine.baseAddress
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    /// Heads of one row from `first` on, finished by the kernels that do one thing each.
    func expected(row: Int, first: Int, count: Int, norm: [Float]?, _ version: lp_isa) -> [Float] {
        let place = row * stride + first * dimension
        var heads = Array(projected[place..<place + count * dimension])
        if let norm {
            let plain = heads
            lp_rmsnorm(version, plain, norm, 1e-6, count, dimension, &heads)
        }
        let angles = row * dimension / 2..<(row + 1) * dimension / 2
        lp_rope_rotate(version, &heads, Array(cosine[angles]), Array(sine[angles]), 1, count, dimension)
        return heads
    }
}

@Suite struct ProjectionTests {
    @Test(arguments: [2, 8, 64, 80, 128], [false, true])
    func `heads are normed and turned, keys and values stand in their slots`(dimension: Int, isNormed: Bool) {
        let sample = Sample(dimension: dimension)
        let queries = sample.heads * dimension
        for version in versionsHere {
            let (rows, slabs) = sample.finish(0..<5, isNormed: isNormed, version)
            var expectedSlabs = [Float](repeating: -7, count: slabs.count)
            for row in 0..<5 {
                let place = row * sample.stride
                let query = sample.expected(
                    row: row,
                    first: 0,
                    count: 3,
                    norm: isNormed ? sample.queryNorm : nil,
                    version
                )
                #expect(rows[place..<place + queries].bits == query.bits)
                let key = sample.expected(
                    row: row,
                    first: 3,
                    count: 2,
                    norm: isNormed ? sample.keyNorm : nil,
                    version
                )
                let value = place + queries + sample.sharedWidth
                let slot = Int(sample.slots[row]) * 2 * sample.sharedWidth
                expectedSlabs.replaceSubrange(
                    slot..<slot + 2 * sample.sharedWidth,
                    with: key + sample.projected[value..<value + sample.sharedWidth]
                )
            }
            #expect(slabs == expectedSlabs, "\(version)")
        }
    }

    @Test(arguments: [2, 6, 32, 64, 80, 128], [false, true])
    func `every version gives the same bits`(dimension: Int, isNormed: Bool) {
        let sample = Sample(dimension: dimension)
        let expected = sample.finish(0..<5, isNormed: isNormed, LP_PLAIN)
        for version in versionsHere {
            let found = sample.finish(0..<5, isNormed: isNormed, version)
            #expect(found.rows.bits == expected.rows.bits && found.slabs == expected.slabs, "\(version)")
        }
    }

    @Test func `rows that were not asked for stay as they are`() {
        let sample = Sample(dimension: 16)
        let (rows, slabs) = sample.finish(2..<3, isNormed: true, lp_isa_best())
        #expect(rows[0..<2 * sample.stride] == sample.projected[0..<2 * sample.stride])
        #expect(rows[3 * sample.stride..<5 * sample.stride] == sample.projected[3 * sample.stride..<5 * sample.stride])
        let slot = Int(sample.slots[2]) * 2 * sample.sharedWidth
        let untouched = [Float](repeating: -7, count: slabs.count)
        #expect(slabs[..<slot] == untouched[..<slot])
        #expect(slabs[(slot + 2 * sample.sharedWidth)...] == untouched[(slot + 2 * sample.sharedWidth)...])
    }
}
