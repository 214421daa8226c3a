// A path of random keys and values in random slots.
import CKernels
import Fixtures
import Foundation
import Testing

/// Every compiled version of the kernels that this machine can run.
let versionsHere = [LP_PLAIN, LP_AVX2, LP_AVX512, LP_AVX512_VNNI, LP_DOTPROD].filter { lp_isa_runs($0) != 0 }

/// One layer's attention over one path; the slots that the path does not use hold infinities.
struct AttentionSample {
    let heads: Int
    let sharedHeads: Int
    let dimension: Int
    let window: Int
    var queries: [[Float]] = []
    private var memory: [Float]
    private var slots: [Int32]
    private static let slabs = 3

    init(
        length: Int,
        heads: Int,
        sharedHeads: Int,
        dimension: Int,
        window: Int = 0,
        scale: Float = 2,
        shufflesSlots: Bool = true,
        seed: UInt64
    ) {
        (self.heads, self.sharedHeads, self.dimension, self.window) = (heads, sharedHeads, dimension, window)
        let width = sharedHeads * dimension
        memory = [Float](repeating: .infinity, count: Self.slabs * LP_SLAB * 2 * width)
        slots = (0..<Int32(length)).map { $0 }
        if shufflesSlots {
            var shuffler = SeededGenerator(seed: seed + 1)
            slots = Array((0..<Int32(Self.slabs * LP_SLAB)).shuffled(using: &shuffler).prefix(length))
        }
        var generator = SeededGenerator(seed: seed)
        for position in 0..<length {
            queries.append(generator.floats(heads * dimension, scale: scale))
            set(position, keys: generator.floats(width, scale: scale), values: generator.floats(width))
        }
    }

    /// Keys and values of all heads at a position of the path.
    mutating func set(_ position: Int, keys: [Float], values: [Float]) {
        let place = Int(slots[position]) * 2 * keys.count
        memory.replaceSubrange(place..<place + 2 * keys.count, with: keys + values)
    }

    mutating func set(_ position: Int, to number: Float) {
        let numbers = [Float](repeating: number, count: sharedHeads * dimension)
        set(position, keys: numbers, values: numbers)
    }

    mutating func setValue(_ position: Int, _ index: Int, to number: Float) {
        memory[(Int(slots[position]) * 2 + 1) * sharedHeads * dimension + index] = number
    }

    private func shared(_ position: Int, _ head: Int) -> (keys: ArraySlice<Float>, values: ArraySlice<Float>) {
        let width = sharedHeads * dimension
        let key = Int(slots[position]) * 2 * width + head / (heads / sharedHeads) * dimension
        return (memory[key..<key + dimension], memory[key + width..<key + width + dimension])
    }

    /// What the queries at these positions get, row by row, computed `together` at a time.
    func attend(_ positions: [Int], _ version: lp_isa, together: Int = LP_QUERY_BLOCK) -> [[Float]] {
        let width = heads * dimension
        let (queryStride, outStride) = (width + 3, width + 1)
        let rows = positions.flatMap { queries[$0] + [Float](repeating: .nan, count: 3) }
        var out = [Float](repeating: -1, count: positions.count * outStride)
        var memory = memory
        memory.withUnsafeMutableBufferPointer { memory in
            let slab = memory.count / Self.slabs
            let slabs = (0..<Self.slabs).map { memory.baseAddress?.advanced(by: $0 * slab) }
            rows.withUnsafeBufferPointer { rows in
                out.withUnsafeMutableBufferPointer { out in
                    slabs.withUnsafeBufferPointer { slabs in
                        var attention = lp_attention(
                            queries: rows.baseAddress,
                            query_stride: queryStride,
                            out: out.baseAddress,
                            out_stride: outStride,
                            slabs: slabs.baseAddress,
                            heads: heads,
                            key_value_heads: sharedHeads,
                            dimension: dimension,
                            window: window
                        )
                        run(&attention, positions.map(Int32.init), version, together)
                    }
                }
            }
        }
        return positions.indices.map { Array(out[$0 * outStride..<$0 * outStride + width]) }
    }

    private func run(_ attention: inout lp_attention, _ positions: [Int32], _ version: lp_isa, _ together: Int) {
        var scratch = [Float](repeating: .nan, count: lp_attention_scratch(heads / sharedHeads, dimension))
        for first in stride(from: 0, to: positions.count, by: together) {
            let some = Array(positions[first..<min(first + together, positions.count)])
            for head in 0..<sharedHeads {
                let status = lp_attention_block(
                    version,
                    &attention,
                    slots,
                    some,
                    some.count,
                    first,
                    head,
                    &scratch
                )
                #expect(status == LP_OK)
            }
        }
    }

    /// The same in float64, straight from the formula.
    func reference(_ positions: [Int]) -> [Double] {
        positions.flatMap { position in
            (0..<heads).flatMap { head in
                let query = queries[position][head * dimension..<(head + 1) * dimension]
                let visible = (window == 0 ? 0 : max(0, position + 1 - window))...position
                let scores = visible.map { key in
                    zip(query, shared(key, head).keys).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                        / Double(dimension).squareRoot()
                }
                let largest = scores.max() ?? 0
                let weights = scores.map { exp($0 - largest) }
                let sum = weights.reduce(0, +)
                var out = [Double](repeating: 0, count: dimension)
                for (key, weight) in zip(visible, weights) {
                    for (d, value) in shared(key, head).values.enumerated() { out[d] += weight / sum * Double(value) }
                }
                return out
            }
        }
    }
}
