// Computes and writes answers of many numbers, one at a time.
import Executors
import Scoring
import Serving

/// Seconds of arithmetic and of JSON hold no thread of the cooperative pool, on which health is told and a caller's leaving
/// is heard; and no two of them are under way at once, however many ask.
private actor AnswerQueue {
    private let executor = BlockingExecutor(label: "linchpin.answers")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: `CancellationError` where the caller left before its turn came.
    func work(_ work: @Sendable () throws -> Response) throws -> Response {
        try Task.checkCancellation()
        return try work()
    }
}

/// Who asks for little waits for nobody who asks for much: eighty bytes may ask for a second's work.
struct AnswerQueues: Sendable {
    private let short = AnswerQueue()
    private let long = AnswerQueue()

    /// Numbers of a short answer, some ten milliseconds' work.
    private static let mostShort = 1 << 16

    fileprivate func work(of numbers: Int, _ work: @Sendable () throws -> Response) async throws -> Response {
        try await (numbers <= Self.mostShort ? short : long).work(work)
    }
}

extension Service {
    /// What `work` answers, in its turn; nothing is begun for who is no longer there.
    /// - Parameter numbers: about how many it computes.
    func inTurn(of numbers: Int, _ work: @Sendable @escaping () throws -> Response) async throws -> Response {
        do {
            return try await answers.work(of: numbers, work)
        } catch is CancellationError {
            throw APIError.scoring(.cancelled, param: nil)
        }
    }
}
