// Computes and writes answers of many numbers, one at a time.
import Executors
import Scoring
import Serving

/// Seconds of arithmetic and of JSON hold no thread of the cooperative pool, on which health is told and a caller's leaving
/// is heard; and no two of them are under way at once, however many ask.
actor AnswerQueue {
    private let executor = BlockingExecutor(label: "linchpin.answers")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: `CancellationError` where the caller left before its turn came.
    fileprivate func work(_ work: @Sendable () throws -> Response) throws -> Response {
        try Task.checkCancellation()
        return try work()
    }
}

extension Service {
    /// What `work` answers, in its turn; nothing is begun for who is no longer there.
    func inTurn(_ work: @Sendable @escaping () throws -> Response) async throws -> Response {
        do {
            return try await answers.work(work)
        } catch is CancellationError {
            throw APIError.scoring(.cancelled, param: nil)
        }
    }
}
