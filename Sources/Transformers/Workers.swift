// Shares the work of one operation among threads.
//
// The calling thread always takes part, so an operation advances even while every other core is busy with something
// else. Tasks are claimed one by one: a thread that comes late just takes fewer. Which thread computes a task, and when,
// changes no bit: each task writes elements of its own, by a call that knows neither.
import CKernels
import Glibc

/// Threads that compute together with one kernel, each with scratch memory of its own.
final class Workers {
    let count: Int
    let kernel: lp_isa
    private let crew = Crew()
    private let threads: [pthread_t]
    private let scratch: [FloatBuffer]

    init(count: Int, kernel: Kernel) {
        self.count = count
        self.kernel = kernel.isa
        scratch = (0..<count).map { _ in FloatBuffer(count: 0) }
        threads = crew.hire(count - 1)
    }

    deinit {
        crew.dismiss()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Gives every thread at least so much scratch memory.
    func reserve(scratchFloats: Int) {
        for buffer in scratch { buffer.reserve(scratchFloats) }
    }

    /// Runs tasks `0 ..< tasks`, in any order and side by side, and returns when all are done.
    func run(_ tasks: Int, _ task: (_ index: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        guard count > 1, tasks > 1 else {
            for index in 0..<tasks { task(index, scratch[0].start) }
            return
        }
        crew.run(tasks) { index, worker in task(index, scratch[worker].start) }
    }

    /// Cuts rows into pieces that are worth a thread, and runs them.
    func run(rows: Int, width: Int, _ task: (Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        let piece = max(1, 16_384 / max(width, 1))
        run((rows + piece - 1) / piece) { index, scratch in
            task(index * piece..<min(rows, (index + 1) * piece), scratch)
        }
    }
}
