// What this machine's cores could do, had they nothing to load.
import CKernels

/// Runs register-only loops (peak.h) on as many threads as a model has, and says what they reached.
package final class MachinePeak {
    private let workers: Workers
    private let precision: Precision
    /// Rounds of a loop that takes some milliseconds.
    private var rounds = 1_000

    /// - Parameter compute: the threads and instructions; int8's peak is that of integers, stored's of float32.
    package init(_ compute: ComputeSettings) {
        workers = Workers(count: compute.threads, kernel: compute.kernel)
        precision = compute.precision
        while measured().seconds < 0.01, rounds < 1 << 32 { rounds *= 2 }
    }

    /// Operations a second at this moment, two a multiply-add.
    package func operationsPerSecond() -> Double {
        let run = measured()
        return run.operations / run.seconds
    }

    private func measured() -> (operations: Double, seconds: Double) {
        let clock = ContinuousClock()
        let (rounds, kernel, isInt8) = (rounds, workers.kernel, precision == .int8)
        var operations: UInt64 = 0
        let seconds =
            clock.measure {
                let done = FloatBuffer(count: workers.count)
                workers.run(workers.count) { index, _ in
                    let count = isInt8 ? lp_peak_int8(kernel, rounds) : lp_peak_float(kernel, rounds)
                    done.start[index] = Float(count)
                }
                operations = (0..<workers.count).reduce(0) { $0 + UInt64(done.start[$1]) }
            } / .seconds(1)
        return (Double(operations), seconds)
    }
}
