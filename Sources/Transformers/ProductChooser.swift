// Asks the BLAS, shape by shape, whether it can be trusted.
package import CKernels

/// Decides which matrix product a layer uses: the BLAS where this machine's shows that a row's bits do not depend on
/// its neighbours (promise P2), else our own loops.
package struct ProductChooser {
    /// What a product of one tile with one panel looks like to the BLAS; the stored type is widened before it.
    private struct Shape: Hashable {
        let inputs: Int
        let columns: Int
    }

    private let candidate: lp_product
    private var answers: [Shape: Bool] = [:]

    /// - Parameter candidate: the product that is preferred; another one than the BLAS in tests.
    package init(candidate: @escaping lp_product = lp_product_blas) {
        self.candidate = candidate
        lp_blas_use_one_thread()
    }

    /// Shapes that the candidate was refused for, as (inputs, columns).
    package var refused: [(inputs: Int, columns: Int)] {
        answers.filter { !$0.value }.map { ($0.key.inputs, $0.key.columns) }
    }

    /// The product for a layer of this size, all of whose panels must be steady.
    package mutating func product(inputs: Int, outputs: Int) -> lp_product {
        let panel = Int(LP_PANEL_COLUMNS)
        let widths = Set([min(outputs, panel), outputs % panel == 0 ? min(outputs, panel) : outputs % panel])
        var isSteady = true
        for columns in widths.sorted() {
            isSteady = ask(Shape(inputs: inputs, columns: columns)) && isSteady
        }
        return isSteady ? candidate : lp_product_own
    }

    private mutating func ask(_ shape: Shape) -> Bool {
        if let answer = answers[shape] { return answer }
        let scratch = FloatBuffer(count: lp_steadiness_scratch(shape.inputs, shape.columns))
        let seed = UInt32(truncatingIfNeeded: shape.inputs &* 131 &+ shape.columns)
        // Nothing below names the buffer, so without this it could be freed while its numbers are in use.
        let answer = withExtendedLifetime(scratch) {
            lp_product_is_steady(candidate, shape.inputs, shape.columns, seed, scratch.start) != 0
        }
        answers[shape] = answer
        return answer
    }
}
