// A gate before every round of a model, which a test closes and opens.
import Synchronization

/// Where rounds stand still while it is closed.
final class Gate: Sendable {
    private let isClosed = Atomic<Bool>(false)

    func close() { isClosed.store(true, ordering: .relaxed) }

    func open() { isClosed.store(false, ordering: .relaxed) }

    func pass() async {
        while isClosed.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(2)) }
    }
}
