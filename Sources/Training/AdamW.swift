// Adam with decoupled weight decay on one flat block.
//
// Loshchilov and Hutter, arXiv 1711.05101, in the order of operations of torch.optim.AdamW. The block is cut into fixed
// pieces; threads take pieces, and sums run over them in order, so no bit depends on the number of threads.
import Dispatch
import Glibc
import Synchronization

/// Both moments of every parameter, and the step that they give.
package final class AdamW {
    package static let epsilon = 1e-8
    private static let pieceCount = 1 << 15

    package let count: Int
    private let threads: Int
    private let pieces: [Piece]
    private(set) var first: [Float]
    private(set) var second: [Float]

    private struct Piece {
        let range: Range<Int>
        let decays: Bool
    }

    /// - Parameter decayed: the ranges that weight decay is for; ascending, disjoint.
    package init(count: Int, decayed: [Range<Int>], threads: Int) {
        self.count = count
        self.threads = threads
        first = [Float](repeating: 0, count: count)
        second = [Float](repeating: 0, count: count)
        var pieces: [Piece] = []
        func cut(_ range: Range<Int>, decays: Bool) {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceCount) {
                let end = min(start + Self.pieceCount, range.upperBound)
                pieces.append(Piece(range: start..<end, decays: decays))
            }
        }
        var end = 0
        for range in decayed {
            cut(end..<range.lowerBound, decays: false)
            cut(range, decays: true)
            end = range.upperBound
        }
        cut(end..<count, decays: false)
        self.pieces = pieces
    }

    /// False where the moments are of another block.
    package func restore(first: [Float], second: [Float]) -> Bool {
        guard first.count == count, second.count == count else { return false }
        (self.first, self.second) = (first, second)
        return true
    }

    /// The sum of squares of a gradient.
    package func squares(of gradient: UnsafeMutableBufferPointer<Float>) -> Double {
        precondition(gradient.count == count, "a gradient of another block")
        guard let start = gradient.baseAddress else { return 0 }
        var sums = [Double](repeating: 0, count: pieces.count)
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let (start, sums) = (start, sums)
            forEachPiece { index, piece in
                sums[index] = sumOfSquares(start + piece.range.lowerBound, piece.range.count)
            }
        }
        return sums.reduce(0, +)
    }

    /// One step; `scale` multiplies the gradient first (clipping).
    /// - Parameter step: from 1.
    package func step(
        _ parameters: UnsafeMutableBufferPointer<Float>,
        gradient: UnsafeMutableBufferPointer<Float>,
        scale: Double,
        rate: Double,
        step: Int,
        _ settings: TrainingSettings
    ) {
        precondition(parameters.count == count && gradient.count == count, "blocks of another size")
        guard let start = parameters.baseAddress, let slope = gradient.baseAddress else { return }
        let numbers = StepNumbers(scale: scale, rate: rate, step: step, settings)
        first.withUnsafeMutableBufferPointer { firsts in
            second.withUnsafeMutableBufferPointer { seconds in
                guard let first = firsts.baseAddress, let second = seconds.baseAddress else { return }
                // Pieces are disjoint, and all are done before this returns.
                nonisolated(unsafe) let blocks = (start, slope, first, second)
                forEachPiece { _, piece in
                    let at = piece.range.lowerBound
                    numbers.apply(
                        blocks.0 + at,
                        blocks.1 + at,
                        blocks.2 + at,
                        blocks.3 + at,
                        count: piece.range.count,
                        decays: piece.decays
                    )
                }
            }
        }
    }

    /// Each piece once, by whichever thread comes first.
    private func forEachPiece(_ body: @Sendable (Int, Piece) -> Void) {
        let pieces = pieces
        guard threads > 1, pieces.count > 1 else {
            for (index, piece) in pieces.enumerated() { body(index, piece) }
            return
        }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, pieces.count)) { _ in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < pieces.count else { return }
                body(index, pieces[index])
            }
        }
    }
}

/// In eight interleaved sums: one sum would wait for itself at every addition.
private func sumOfSquares(_ values: UnsafeMutablePointer<Float>, _ count: Int) -> Double {
    var sums = SIMD8<Double>()
    var index = 0
    while index + 8 <= count {
        let x = UnsafeRawPointer(values + index).loadUnaligned(as: SIMD8<Float>.self)
        let wide = SIMD8<Double>(x)
        sums += wide * wide
        index += 8
    }
    var sum = 0.0
    for lane in 0..<8 { sum += sums[lane] }
    while index < count {
        sum += Double(values[index]) * Double(values[index])
        index += 1
    }
    return sum
}

/// The constants of one step, in the precision that the block has.
private struct StepNumbers: Sendable {
    let scale: Float
    let beta1: Float
    let beta2: Float
    let rest1: Float
    let rest2: Float
    let shrink: Float
    /// rate / (1 - beta1^t)
    let size: Float
    /// 1 / sqrt(1 - beta2^t)
    let correction: Float
    let epsilon = Float(AdamW.epsilon)

    init(scale: Double, rate: Double, step: Int, _ settings: TrainingSettings) {
        self.scale = Float(scale)
        beta1 = Float(settings.beta1)
        beta2 = Float(settings.beta2)
        rest1 = Float(1 - settings.beta1)
        rest2 = Float(1 - settings.beta2)
        shrink = Float(1 - rate * settings.decay)
        size = Float(rate / (1 - pow(settings.beta1, Double(step))))
        correction = Float(1 / (1 - pow(settings.beta2, Double(step))).squareRoot())
    }

    func apply(
        _ parameters: UnsafeMutablePointer<Float>,
        _ gradient: UnsafeMutablePointer<Float>,
        _ first: UnsafeMutablePointer<Float>,
        _ second: UnsafeMutablePointer<Float>,
        count: Int,
        decays: Bool
    ) {
        let keep = decays ? shrink : 1
        var index = 0
        // By eights: the compiler does not do it by itself. Each number is rounded as it would be alone.
        while index + 8 <= count {
            let slope = Self.eight(gradient + index) * scale
            let mean = beta1 * Self.eight(first + index) + rest1 * slope
            let square = beta2 * Self.eight(second + index) + rest2 * slope * slope
            let way = size * mean / (square.squareRoot() * correction + epsilon)
            Self.put(mean, first + index)
            Self.put(square, second + index)
            Self.put(keep * Self.eight(parameters + index) - way, parameters + index)
            index &+= 8
        }
        while index < count {
            let slope = gradient[index] * scale
            let mean = beta1 * first[index] + rest1 * slope
            let square = beta2 * second[index] + rest2 * slope * slope
            first[index] = mean
            second[index] = square
            parameters[index] = keep * parameters[index] - size * mean / (square.squareRoot() * correction + epsilon)
            index &+= 1
        }
    }

    private static func eight(_ values: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
    }

    private static func put(_ eight: SIMD8<Float>, _ values: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(values).storeBytes(of: eight, as: SIMD8<Float>.self)
    }
}
