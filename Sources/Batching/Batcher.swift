// Carries out the plan; each answer goes to its own caller.
//
// Owns every accepted request from `submit` until its reply is settled. While work waits, one task runs batches, and
// `drain` awaits it. A caller that leaves wakes up in `submit` and takes its own waiting work out of the plan.

/// Gathers work while the kernel is busy; an idle one starts at once.
package actor Batcher<Work: Sendable, Answer: Sendable> {
    /// An accepted request that has not been answered.
    private struct Request {
        let works: [Work]
        let reply: Reply<[Answered<Answer>]>
        /// One slot a work, filled as batches end.
        var answers: [Answered<Answer>?]
        var missing: Int
    }

    private let run: @Sendable ([Work]) async throws -> [Answer]
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private var plan: BatchPlan
    private var requests: [Int: Request] = [:]
    /// Runs batches; nil while there are none.
    private var worker: Task<Void, Never>?

    /// - Parameter run: the kernel; never called while a call is under way. It gives one answer a work, in order.
    package init(limits: BatchLimits, run: @escaping @Sendable ([Work]) async throws -> [Answer]) {
        self.plan = BatchPlan(limits: limits)
        self.run = run
    }

    /// What waits, runs and was done.
    package var load: Load { plan.load }

    /// Answers in the order of the items; all of them are admitted, or none.
    ///
    /// Where its task is cancelled it returns at once: items that wait are dropped, items that run go on to no one.
    /// - Throws: `BatchError`, `CancellationError`, or what the kernel threw for a batch that held one of the items (the
    ///   rest of the request is then dropped, since its caller has been answered).
    package func submit(_ items: [(work: Work, tokens: Int)]) async throws -> [Answered<Answer>] {
        try Task.checkCancellation()
        guard !items.isEmpty else { return [] }
        let ticket =
            switch plan.enqueue(items.map(\.tokens), at: now) {
            case .accepted(let ticket): ticket
            case .full(let retryAfter): throw BatchError.queueFull(retryAfter: retryAfter)
            case .closed: throw BatchError.closed
            }
        let reply = Reply<[Answered<Answer>]>()
        requests[ticket] = Request(
            works: items.map(\.work),
            reply: reply,
            answers: Array(repeating: nil, count: items.count),
            missing: items.count
        )
        wakeWorker()
        // A no-op once answered; after a cancellation this takes the request back.
        defer { withdraw(ticket) }
        return try await reply.value()
    }

    /// Refuses new work and returns when everything accepted is answered.
    package func drain() async {
        plan.close()
        await worker?.value
    }

    private var now: Double { (clock.now - start) / .seconds(1) }

    private func wakeWorker() {
        guard worker == nil else { return }
        // Detached: batches serve everyone, so they take no priority and no task-local values from whoever came first.
        worker = Task.detached { await self.work() }
    }

    private func work() async {
        while let batch = plan.nextBatch(at: now) {
            let began = now
            let result = await answers(to: batch)
            let seconds = now - began
            plan.finished(seconds: seconds)
            switch result {
            case .success(let answers): deliver(answers, of: batch, seconds: seconds)
            case .failure(let error): for share in batch.shares { fail(share.ticket, error) }
            }
        }
        worker = nil
    }

    /// Runs the kernel on a batch; as many answers as items, or an error.
    private func answers(to batch: BatchPlan.Batch) async -> Result<[Answer], any Error> {
        let works = batch.shares.flatMap { share in requests[share.ticket]?.works[share.items] ?? [] }
        do {
            let answers = try await run(works)
            guard answers.count == batch.items else {
                throw BatchError.answerCount(expected: batch.items, received: answers.count)
            }
            return .success(answers)
        } catch {
            return .failure(error)
        }
    }

    /// Hands each answer to its request, and settles the requests that have all of theirs.
    private func deliver(_ answers: [Answer], of batch: BatchPlan.Batch, seconds: Double) {
        var rest = answers[...]
        for share in batch.shares {
            let own = rest.prefix(share.items.count)
            rest = rest.dropFirst(share.items.count)
            // Where the caller left while the batch ran there is no request any more, and nothing happens.
            for (index, answer) in zip(share.items, own) {
                requests[share.ticket]?.answers[index] = Answered(
                    answer: answer,
                    queueSeconds: share.queueSeconds,
                    runSeconds: seconds,
                    batchTokens: batch.tokens,
                    batchItems: batch.items
                )
            }
            requests[share.ticket]?.missing -= share.items.count
            if requests[share.ticket]?.missing == 0 { complete(share.ticket) }
        }
    }

    private func complete(_ ticket: Int) {
        guard let request = requests.removeValue(forKey: ticket) else { return }
        request.reply.settle(.success(request.answers.compactMap { $0 }))
    }

    private func fail(_ ticket: Int, _ error: any Error) {
        requests[ticket]?.reply.settle(.failure(error))
        withdraw(ticket)
    }

    /// Forgets a request and drops what still waits of it.
    private func withdraw(_ ticket: Int) {
        plan.cancel(ticket)
        requests[ticket] = nil
    }
}
