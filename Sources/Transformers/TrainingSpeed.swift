// How fast a decoder learns, beside the BLAS alone.
import CKernels
import Dispatch

/// What the same machine did in the same minute: whole updates, and nothing but their matrix products.
package struct TrainingSpeed: Sendable {
    package let tokens: Int
    package let updateSeconds: Double
    package let productSeconds: Double
    /// Multiplications and additions of all products of one update.
    package let operations: Double

    package var operationsPerSecond: Double { operations / updateSeconds }
    package var productOperationsPerSecond: Double { operations / productSeconds }
    /// 1 would be an update that costs nothing but its products.
    package var shareOfProducts: Double { productSeconds / updateSeconds }
}

extension TrainableModel {
    /// Times updates of this batch, and alternately their products alone, on the same shapes and as many lanes; the
    /// median of each.
    package func speed(
        of batch: [TrainingSequence],
        languageWeight: Double,
        rounds: Int,
        loss: @Sendable (_ sequence: Int, _ logits: [Float]) -> LossGradient
    ) throws(ModelError) -> TrainingSpeed {
        var updates: [Double] = []
        var products: [Double] = []
        let shapes = productShapes(of: batch, languageWeight: languageWeight)
        let memory = shapes.map { ProductMemory($0) }
        for _ in 0..<max(1, rounds) {
            let clock = ContinuousClock()
            let start = clock.now
            _ = try learn(batch, languageWeight: languageWeight, loss: loss)
            let middle = clock.now
            DispatchQueue.concurrentPerform(iterations: memory.count) { memory[$0].run() }
            let end = clock.now
            updates.append((middle - start) / .seconds(1))
            products.append((end - middle) / .seconds(1))
        }
        return TrainingSpeed(
            tokens: batch.reduce(0) { $0 + $1.ids.count },
            updateSeconds: updates.sorted()[updates.count / 2],
            productSeconds: products.sorted()[products.count / 2],
            operations: shapes.joined().reduce(0) { $0 + $1.operations }
        )
    }
}

/// Products of one shape: a linear layer as a micro-batch sees it, or a head's attention of 64 queries.
struct ProductShape {
    let rows: Int
    let inputs: Int
    let outputs: Int
    /// How often rows x inputs meet outputs x inputs, rows x outputs meet outputs x inputs, and the two meet transposed.
    let forward: Int
    let inputGradient: Int
    let weightGradient: Int

    /// Forth once and back both ways.
    static func linear(rows: Int, inputs: Int, outputs: Int) -> ProductShape {
        ProductShape(
            rows: rows,
            inputs: inputs,
            outputs: outputs,
            forward: 1,
            inputGradient: 1,
            weightGradient: 1
        )
    }

    /// Forth: q k^T, P v. Back: q k^T again, dO v^T, dS k, dS^T q, P^T dO.
    static func attention(queries: Int, dimension: Int, keys: Int) -> ProductShape {
        ProductShape(
            rows: queries,
            inputs: dimension,
            outputs: keys,
            forward: 3,
            inputGradient: 2,
            weightGradient: 2
        )
    }

    var operations: Double {
        2 * Double(forward + inputGradient + weightGradient) * Double(rows) * Double(inputs) * Double(outputs)
    }
}

/// The products of one lane, on memory of the right sizes with nothing in it.
private final class ProductMemory: Sendable {
    private let shapes: [ProductShape]
    // Written by nobody but the BLAS, one lane each.
    private nonisolated(unsafe) let x: FloatBuffer
    private nonisolated(unsafe) let y: FloatBuffer
    private nonisolated(unsafe) let weight: FloatBuffer
    private nonisolated(unsafe) let gradient: FloatBuffer

    init(_ shapes: [ProductShape]) {
        self.shapes = shapes
        x = FloatBuffer(count: shapes.map { $0.rows * $0.inputs }.max() ?? 0)
        y = FloatBuffer(count: shapes.map { $0.rows * $0.outputs }.max() ?? 0)
        weight = FloatBuffer(count: shapes.map { $0.inputs * $0.outputs }.max() ?? 0)
        gradient = FloatBuffer(count: weight.count)
    }

    /// Forward, and both ways back, of every shape.
    func run() {
        withExtendedLifetime(self) {
            for s in shapes {
                for _ in 0..<s.forward {
                    lp_dense_forward(x.start, weight.start, nil, s.rows, s.inputs, s.outputs, 0, y.start)
                }
                for _ in 0..<s.inputGradient {
                    lp_dense_input_gradient(y.start, weight.start, s.rows, s.inputs, s.outputs, 0, x.start)
                }
                for _ in 0..<s.weightGradient {
                    lp_dense_weight_gradient(y.start, x.start, s.rows, s.inputs, s.outputs, gradient.start, nil)
                }
            }
        }
    }
}
