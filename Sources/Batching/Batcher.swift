// Carries out the plan; each answer goes to its own caller.
//
// Owns every accepted request from `submit` until its reply is settled. While work waits, one task runs rounds, and
// `drain` awaits it. A caller that leaves wakes up in `submit` and takes its own waiting work out of the plan.

import Synchronization

/// Gathers sequences while the kernel is busy; an idle one starts at once.
package actor Batcher {
    /// An accepted request that has not been answered.
    private struct Request {
        let reply: Reply<[Answered]>
        /// One place a sequence, filled as they end.
        var answers: [Answered?]
        var missing: Int
    }

    private let answerWidth: Int
    private let run: @Sendable (Round) async throws -> [Float]
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private var plan: RoundPlan
    private var requests: [Int: Request] = [:]
    /// Whether rounds run and end.
    package nonisolated let pulse = Pulse()
    /// Runs rounds; nil while there are none.
    private var worker: Task<Void, Never>?
    /// The plan's, for those who must not wait for this actor.
    private let published = Mutex(Load())

    /// - Parameters:
    ///   - answerWidth: numbers that the kernel gives a read, at least 1.
    ///   - run: the kernel; never called while a call is under way. It answers reads with pieces in order, and leaves in
    ///     the slots what later rounds need of them.
    package init(
        limits: BatchLimits,
        answerWidth: Int = 1,
        run: @escaping @Sendable (Round) async throws -> [Float]
    ) {
        precondition(answerWidth > 0, "a read has an answer")
        self.answerWidth = answerWidth
        self.plan = RoundPlan(limits: limits, answerWidth: answerWidth)
        self.run = run
    }

    /// What waits, runs and was done.
    package nonisolated var load: Load { published.withLock { $0 } }

    /// Answers in the order of the works; all of them are admitted, or none.
    ///
    /// Where its task is cancelled it returns at once: works that wait are dropped, works that run go on to no one.
    /// - Parameter waits: a full queue is waited for, unless too many do; else it is a `queueFull`.
    /// - Throws: `BatchError`, `CancellationError`, or what the kernel threw for a round that one of the works took part
    ///   in (the rest of the request is then dropped, since its caller has been answered).
    package func submit(_ works: [TokenWork], waits: Bool = false) async throws -> [Answered] {
        try Task.checkCancellation()
        guard !works.isEmpty else { return [] }
        let ticket =
            switch plan.enqueue(works, waits: waits, at: now) {
            case .accepted(let ticket): ticket
            case .full(let retryAfter):
                publish()
                throw BatchError.queueFull(retryAfter: retryAfter)
            case .lineFull(let retryAfter): throw BatchError.lineFull(retryAfter: retryAfter)
            case .closed: throw BatchError.closed
            }
        let reply = Reply<[Answered]>()
        let open = [Answered?](repeating: nil, count: works.count)
        requests[ticket] = Request(reply: reply, answers: open, missing: works.count)
        deliver()
        wakeWorker()
        // A no-op once answered; after a cancellation this takes the request back.
        defer { withdraw(ticket) }
        return try await reply.value()
    }

    /// Answers of a work that is computed by itself, whatever is known of its tokens; it leaves nothing behind.
    ///
    /// Where rounds run it does nothing and is nil: they prove as much, and nobody shall wait for it.
    package func probe(_ work: TokenWork) async throws -> [Float]? {
        guard worker == nil else { return nil }
        let reply = Reply<[Float]>()
        worker = Task.detached {
            await self.run(probe: work, for: reply)
            await self.work()
        }
        return try await reply.value()
    }

    private func run(probe work: TokenWork, for reply: Reply<[Float]>) async {
        let probe = plan.beginProbe(work)
        do {
            reply.settle(.success(try await answers(to: probe.round)))
            plan.endProbe(probe, isComputed: true)
        } catch {
            reply.settle(.failure(error))
            plan.endProbe(probe, isComputed: false)
        }
    }

    /// Refuses new work and returns when everything accepted is answered.
    package func drain() async {
        plan.close()
        await worker?.value
    }

    private var now: Double { (clock.now - start) / .seconds(1) }

    private func wakeWorker() {
        guard worker == nil else { return }
        // Detached: rounds serve everyone, so they take no priority and no task-local values from whoever came first.
        worker = Task.detached { await self.work() }
    }

    private func work() async {
        while let round = plan.nextRound(at: now) {
            deliver()
            do {
                let answers = try await answers(to: round)
                plan.finished(answers, at: now)
                deliver()
            } catch {
                plan.finished(nil, at: now)
                deliver(failures: error)
            }
        }
        deliver()
        worker = nil
    }

    /// Runs the kernel on a round; as many answers as reads, or an error.
    private func answers(to round: Round) async throws -> [Float] {
        pulse.begin(round)
        var isWell = false
        defer { pulse.end(isWell: isWell) }
        let answers = try await run(round)
        let expected = round.reads * answerWidth
        guard answers.count == expected else {
            throw BatchError.answerCount(expected: expected, received: answers.count)
        }
        isWell = true
        return answers
    }

    /// Hands each outcome to its request, and settles the requests that have all of theirs.
    /// - Parameter error: why sequences failed; nil where none can have.
    private func deliver(failures error: (any Error)? = nil) {
        for outcome in plan.takeOutcomes() {
            switch outcome {
            case .answered(let ticket, let index, let answered):
                requests[ticket]?.answers[index] = answered
                requests[ticket]?.missing -= 1
                if requests[ticket]?.missing == 0 { complete(ticket) }
            case .failed(let ticket):
                guard let error else { continue }
                requests[ticket]?.reply.settle(.failure(error))
                withdraw(ticket)
            }
        }
        publish()
    }

    private func publish() {
        let load = plan.load
        published.withLock { $0 = load }
    }

    private func complete(_ ticket: Int) {
        guard let request = requests.removeValue(forKey: ticket) else { return }
        request.reply.settle(.success(request.answers.compactMap { $0 }))
    }

    /// Forgets a request and drops what still waits of it.
    private func withdraw(_ ticket: Int) {
        plan.cancel(ticket)
        requests[ticket] = nil
        publish()
    }
}
