// Long lists worked through on several cores.
import Dispatch
import Synchronization

/// The results of `work` on parts of `0..<count`, in their order.
func inChunks<Output: Sendable>(of count: Int, _ work: @Sendable (Range<Int>) -> Output) -> [Output] {
    // A few cores are enough for the longest list; a list of less than a thousand is not worth another thread.
    let chunk = Swift.max(1000, (count + 3) / 4)
    let starts = Array(stride(from: 0, to: count, by: chunk))
    let outputs = Mutex<[Output?]>(Array(repeating: nil, count: starts.count))
    DispatchQueue.concurrentPerform(iterations: starts.count) { index in
        let output = work(starts[index]..<Swift.min(count, starts[index] + chunk))
        outputs.withLock { $0[index] = output }
    }
    return outputs.withLock { $0.compactMap(\.self) }
}
