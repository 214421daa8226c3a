import CKernels
// Linear layers against float64, and bit by bit.
import Fixtures
import Testing
import Transformers

/// A random linear layer and the numbers that its stored weights stand for.
private struct Layer {
    let inputs: Int
    let outputs: Int
    let dtype: lp_dtype
    let stored: [UInt8]
    let weights: [Float]
    let bias: [Float]?

    init(inputs: Int, outputs: Int, dtype: lp_dtype, hasBias: Bool, using generator: inout SeededGenerator) {
        self.inputs = inputs
        self.outputs = outputs
        self.dtype = dtype
        let weights = generator.floats(inputs * outputs)
        stored = encoded(weights, dtype)
        var widened = weights
        _ = stored.withUnsafeBytes { lp_widen($0.baseAddress, dtype, weights.count, &widened) }
        self.weights = widened
        bias = hasBias ? generator.floats(outputs) : nil
    }

    /// All panels, rows in pieces of `rowsPerCall`.
    func apply(
        _ x: [Float],
        to y: [Float]? = nil,
        product: @escaping lp_product = lp_product_blas,
        rowsPerCall: Int = .max
    ) -> [Float] {
        let rows = x.count / inputs
        var out = y ?? [Float](repeating: .nan, count: rows * outputs)
        var scratch = [Float](repeating: .nan, count: lp_linear_scratch(inputs))
        stored.withUnsafeBytes { stored in
            (bias ?? []).withUnsafeBufferPointer { bias in
                var layer = lp_linear(
                    weight: stored.baseAddress,
                    bias: self.bias == nil ? nil : bias.baseAddress,
                    inputs: inputs,
                    outputs: outputs,
                    dtype: dtype,
                    product: product
                )
                x.withUnsafeBufferPointer { x in
                    out.withUnsafeMutableBufferPointer { out in
                        guard let x = x.baseAddress, let out = out.baseAddress else { return }
                        for panel in 0..<lp_linear_panels(outputs) {
                            for row in stride(from: 0, to: rows, by: min(rows, rowsPerCall)) {
                                let status = lp_linear_panel(
                                    &layer,
                                    panel,
                                    x + row * inputs,
                                    min(rowsPerCall, rows - row),
                                    y == nil ? 0 : 1,
                                    out + row * outputs,
                                    &scratch
                                )
                                #expect(status == LP_OK)
                            }
                        }
                    }
                }
            }
        }
        return out
    }

    /// What a model would use on this machine: the BLAS, unless it was caught.
    var chosenProduct: lp_product {
        var chooser = ProductChooser()
        return chooser.product(inputs: inputs, outputs: outputs)
    }

    func reference(_ x: [Float], addingTo y: [Float]? = nil) -> [Double] {
        (0..<x.count / inputs).flatMap { row in
            (0..<outputs).map { column in
                var sum = Double(bias?[column] ?? 0) + Double(y?[row * outputs + column] ?? 0)
                for i in 0..<inputs { sum += Double(x[row * inputs + i]) * Double(weights[column * inputs + i]) }
                return sum
            }
        }
    }
}

/// inputs, outputs
private let shapes = [
    (1, 1), (8, 3), (32, 1), (32, 2), (32, 16), (32, 32), (32, 48), (48, 32), (31, 129), (64, 257), (896, 1),
    (896, 130), (1216, 64), (3000, 17), (4864, 128),
]

@Suite struct LinearTests {
    init() { lp_blas_use_one_thread() }

    @Test(arguments: shapes, [LP_FLOAT32, LP_FLOAT16, LP_BFLOAT16])
    func `y is x W transposed plus b`(shape: (Int, Int), dtype: lp_dtype) {
        var generator = SeededGenerator(seed: 10)
        for (rows, hasBias) in [(1, true), (63, false), (65, true)] {
            let layer = Layer(
                inputs: shape.0,
                outputs: shape.1,
                dtype: dtype,
                hasBias: hasBias,
                using: &generator
            )
            let x = generator.floats(rows * shape.0)
            let expected = layer.reference(x)
            let tolerance = 1e-6 * Double(shape.0).squareRoot() * 4
            #expect(largestDifference(layer.apply(x), expected) < tolerance)
            #expect(largestDifference(layer.apply(x, product: lp_product_own), expected) < tolerance)
            #expect(largestDifference(layer.apply(x, product: lp_product_own_plain), expected) < tolerance)
        }
    }

    @Test func `an accumulating layer adds to what stands there`() {
        var generator = SeededGenerator(seed: 11)
        let layer = Layer(inputs: 40, outputs: 140, dtype: LP_BFLOAT16, hasBias: true, using: &generator)
        let x = generator.floats(70 * 40)
        let y = generator.floats(70 * 140)
        #expect(largestDifference(layer.apply(x, to: y), layer.reference(x, addingTo: y)) < 2e-5)
    }

    /// Promise P2 where it is most at risk: 64 positions with new neighbours each, by the product that a model would use here
    /// (on AVX2 machines without AVX-512 that is mostly our own: OPENBLAS_CORETYPE=Haswell shows it).
    @Test(arguments: shapes, [LP_FLOAT32, LP_BFLOAT16])
    func `a row has the same bits at every position of the tile, beside any neighbours`(
        shape: (Int, Int),
        dtype: lp_dtype
    ) {
        var generator = SeededGenerator(seed: 12)
        let (inputs, outputs) = shape
        let layer = Layer(inputs: inputs, outputs: outputs, dtype: dtype, hasBias: true, using: &generator)
        let row = generator.floats(inputs)
        let product = layer.chosenProduct
        let alone = layer.apply(row, product: product)
        for position in 0..<64 {
            let rows = Int.random(in: position + 1...64, using: &generator)
            var x = generator.floats(rows * inputs, scale: position % 3 == 0 ? 1e6 : 1)
            x.replaceSubrange(position * inputs..<(position + 1) * inputs, with: row)
            let y = layer.apply(x, product: product)
            #expect(
                y[position * outputs..<(position + 1) * outputs].bits == alone.bits,
                "position \(position) of \(rows)"
            )
        }
    }

    @Test(arguments: [64, 128, 512]) func `rows may be cut between threads at any tile`(rowsPerCall: Int) {
        var generator = SeededGenerator(seed: 13)
        let layer = Layer(inputs: 96, outputs: 200, dtype: LP_FLOAT16, hasBias: true, using: &generator)
        let x = generator.floats(700 * 96)
        let product = layer.chosenProduct
        let whole = layer.apply(x, product: product)
        #expect(layer.apply(x, product: product, rowsPerCall: rowsPerCall).bits == whole.bits)
    }

    @Test func `a neighbour that is not a number stays alone`() {
        var generator = SeededGenerator(seed: 14)
        let layer = Layer(inputs: 33, outputs: 20, dtype: LP_BFLOAT16, hasBias: false, using: &generator)
        let row = generator.floats(33)
        let strange = [Float](repeating: .nan, count: 33) + [Float](repeating: .infinity, count: 33)
        let product = layer.chosenProduct
        #expect(layer.apply(strange + row, product: product)[40..<60].bits == layer.apply(row, product: product).bits)
    }

    @Test func `what cannot be computed is refused`() {
        var numbers = [Float](repeating: 0, count: 20_000)
        func status(inputs: Int, outputs: Int, panel: Int, dtype: lp_dtype = LP_FLOAT32) -> lp_status {
            numbers.withUnsafeMutableBufferPointer { memory in
                var layer = lp_linear(
                    weight: memory.baseAddress,
                    bias: nil,
                    inputs: inputs,
                    outputs: outputs,
                    dtype: dtype,
                    product: lp_product_own
                )
                let (x, y) = (memory.baseAddress.map { $0 + 1000 }, memory.baseAddress.map { $0 + 2000 })
                return lp_linear_panel(&layer, panel, x, 1, 0, y, memory.baseAddress.map { $0 + 3000 })
            }
        }
        #expect(status(inputs: 1, outputs: 128, panel: 0) == LP_OK)
        #expect(status(inputs: 1, outputs: 128, panel: 1) == LP_BAD_INDEX)
        #expect(status(inputs: 1, outputs: 129, panel: 1) == LP_OK)
        #expect(status(inputs: 1, outputs: 0, panel: 0) == LP_BAD_INDEX)
        #expect(status(inputs: 0, outputs: 1, panel: 0) == LP_BAD_SHAPE)
        #expect(status(inputs: Int(Int32.max) + 1, outputs: 1, panel: 0) == LP_BAD_SHAPE)
        #expect(status(inputs: 1, outputs: 1, panel: 0, dtype: lp_dtype(rawValue: 3)) == LP_BAD_DTYPE)
    }
}
