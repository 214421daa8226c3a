// Shares the work of one operation among threads.
//
// `concurrentPerform` rather than threads of our own: the calling thread always takes part, so an operation advances
// even while every other core is busy with something else; nothing has to be started, stopped or found when it hangs;
// and two models in one process share the machine. Tasks are claimed one by one, so a thread that comes late just
// takes fewer. Which thread computes a task, and when, changes no bit: each task writes elements of its own, by a call
// that knows neither.
import Dispatch
import Synchronization

/// Threads that compute together, each with scratch memory of its own.
struct Workers {
    let count: Int
    private let scratch: [FloatBuffer]

    /// - Parameter scratchFloats: what the greediest task needs.
    init(count: Int, scratchFloats: Int) {
        self.count = count
        scratch = (0..<count).map { _ in FloatBuffer(count: scratchFloats) }
    }

    /// Runs tasks `0 ..< tasks`, in any order and side by side, and returns when all are done.
    func run(_ tasks: Int, _ task: (_ index: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        guard count > 1, tasks > 1 else {
            for index in 0..<tasks { task(index, scratch[0].start) }
            return
        }
        // Shared with the other threads only until `concurrentPerform` returns; each call has its own scratch.
        nonisolated(unsafe) let task = task
        nonisolated(unsafe) let scratch = scratch.map(\.start)
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(count, tasks)) { worker in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < tasks else { return }
                task(index, scratch[worker])
            }
        }
    }

    /// Cuts rows into pieces that are worth a thread, and runs them.
    func run(rows: Int, width: Int, _ task: (Range<Int>) -> Void) {
        let piece = max(1, 16_384 / max(width, 1))
        run((rows + piece - 1) / piece) { index, _ in
            task(index * piece..<min(rows, (index + 1) * piece))
        }
    }
}
