// How much of a model has been loaded, for a progress bar.
import Synchronization

/// Written by the loader and read by whoever draws, on any thread.
package final class LoadProgress: Sendable {
    private let done = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    package init() {}

    package var doneBytes: Int { done.load(ordering: .relaxed) }

    package var totalBytes: Int { total.load(ordering: .relaxed) }

    package func addDone(_ bytes: Int) { done.wrappingAdd(bytes, ordering: .relaxed) }

    package func addTotal(_ bytes: Int) { total.wrappingAdd(bytes, ordering: .relaxed) }
}
