// The one answer a caller waits for.

import Synchronization

/// A promise that is kept once: the first settlement counts, later ones are ignored.
///
/// It is locked rather than isolated because a task's cancellation handler is synchronous: the caller is let go at once,
/// from whatever thread cancels it, and needs no task of our own to carry the news.
package final class Reply<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case early(Result<Value, any Error>)
        case settled
    }

    private let state = Mutex(State.open)

    package init() {}

    /// Waits until it is settled; may be called once.
    package func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(wait)
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }

    package func settle(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .early(result)
                return nil
            case .awaited(let continuation):
                state = .settled
                return continuation
            case .early, .settled:
                return nil
            }
        }
        waiting?.resume(with: result)
    }

    private func wait(_ continuation: CheckedContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .awaited(continuation)
                return nil
            case .early(let result):
                state = .settled
                return result
            case .awaited, .settled:
                preconditionFailure("a reply is awaited once")
            }
        }
        if let early { continuation.resume(with: early) }
    }
}
