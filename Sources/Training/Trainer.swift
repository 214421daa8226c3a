// The loop: a batch, a step, now and then a look and a save.
import Checkpoints
import Crediting
import Evaluating
import Glibc
import Scoring
import Transformers

/// Learns from outcomes until all updates are done, nothing gets better, or it is asked to stop.
///
/// The same job gives the same bits whatever `threads` is, and a resumed one those of a run that was never stopped.
/// - Throws: `TrainingError`, or what a room below has against the base or the tokenizer.
package func train(_ job: TrainingJob) async throws -> TrainingOutcome {
    let run = try PreparedRun(job)
    let pooling = try ChancePooling(pooling: run.settings.pooling, scale: run.settings.scale)
    let settings = run.settings
    func model() throws(ModelError) -> TrainableModel {
        let seed = UInt64(truncatingIfNeeded: settings.seed)
        if let base = job.base {
            return try TrainableModel(
                checkpoint: base.checkpoint,
                tuning: settings.tuning,
                lanes: settings.lanes,
                tokensAtOnce: settings.tokensAtOnce,
                seed: seed
            )
        }
        return try TrainableModel(
            config: try run.newConfig,
            lanes: settings.lanes,
            tokensAtOnce: settings.tokensAtOnce,
            seed: seed
        )
    }
    guard settings.tuning == .head, let base = job.base?.checkpoint else {
        let learner = DecoderLearner(try model())
        let keeper = Keeper.atOnce { () throws(CheckpointError) in try run.checkpoint.writeWeights(of: learner.model) }
        var trainer = try Trainer(run, job, learner, keeper, pooling)
        return try trainer.train()
    }
    let cache = FeatureCache(folder: run.folder.path, key: run.description.featureKey)
    guard
        let features = try await cache.table(
            of: run.data.all,
            checkpoint: base,
            threads: job.threads,
            tokensAtOnce: 8192,
            stop: job.stop,
            progress: job.progress
        )
    else { return run.outcome(.interrupted, RunState(settings)) }
    let learner = HeadLearner(features: features, start: try HeadLearner.head(of: base))
    let keeper = Keeper.atEnd { head throws(CheckpointError) in
        try run.checkpoint.writeWeights(of: base, head: head)
    }
    var trainer = try Trainer(run, job, learner, keeper, pooling)
    return try trainer.train()
}

/// When the checkpoint's weights are written.
enum Keeper {
    /// Whenever they are the best so far: they are small, or too large to be kept twice in memory.
    case atOnce(() throws(CheckpointError) -> Void)
    /// At the end, from the parameters that were kept: the base must be copied with them.
    case atEnd(([Float]) throws(CheckpointError) -> Void)
}

/// One call's part of a run.
struct Trainer<Moving: Learner> {
    private let run: PreparedRun
    private let job: TrainingJob
    private let learner: Moving
    private let keeper: Keeper
    private let pooling: ChancePooling
    private let optimizer: AdamW
    private let schedule: RateSchedule
    private let gaps: PositionGaps
    private var order: BatchOrder
    private var state: RunState
    private var curve = Curve()
    private var smoothedLoss: Double?
    private var lastSave = ContinuousClock.now
    private var saveTime = Duration.zero

    private var settings: TrainingSettings { run.settings }

    init(_ run: PreparedRun, _ job: TrainingJob, _ learner: Moving, _ keeper: Keeper, _ pooling: ChancePooling) throws {
        (self.run, self.job, self.learner, self.keeper, self.pooling) = (run, job, learner, keeper, pooling)
        optimizer = AdamW(count: learner.count, decayed: learner.decayed, threads: job.threads)
        schedule = RateSchedule(settings: run.settings)
        gaps = PositionGaps(
            longest: run.settings.positionGap,
            seed: run.settings.seed,
            maximumPositions: run.maximumPositions
        )
        order = BatchOrder(run.settings, lengths: run.data.training.map(\.sequence.ids.count))
        state = RunState(run.settings)
        guard job.beginning == .resumed else { return }
        if let saved = try StateFile(folder: run.folder.path).read(run.settings, into: learner, optimizer) {
            state = saved
            curve = Curve(text: try run.folder.bytes(of: Curve.textFile) ?? [], through: saved.update)
        }
    }

    mutating func train() throws -> TrainingOutcome {
        job.progress.change { [state, settings] in
            ($0.phase, $0.done, $0.total, $0.doneBefore) = (.training, state.update, settings.updates, state.update)
            $0.heldOut = state.best?.score
        }
        while state.update < settings.updates, !isPatienceGone {
            guard !job.stop.isMade, state.update != job.stopsAfter else {
                try save()
                return run.outcome(.interrupted, state)
            }
            try learn()
            if isTimeToEvaluate { try evaluate() }
            if ContinuousClock.now - lastSave >= job.saveEvery { try save() }
        }
        try save()
        try finish()
        return run.outcome(state.update < settings.updates ? .stoppedEarly : .finished, state)
    }

    private var isPatienceGone: Bool {
        settings.patience > 0 && state.evaluationsSinceBest >= settings.patience
    }

    private var isTimeToEvaluate: Bool {
        state.update.isMultiple(of: settings.evaluateEvery) || state.update == settings.updates
    }

    // MARK: - One update

    private mutating func learn() throws {
        let batch = gaps.spread(order.batch(at: state.update).map { run.data.training[$0] }, at: state.update)
        let temperature = state.temperature.value(at: state.update, settings)
        let outcomeLoss = OutcomeLoss(pooling: pooling, temperature: temperature, count: batch.count)
        let languageWeight = schedule.languageWeight(at: state.update)
        let lesson = try learner.learn(batch, languageWeight: languageWeight) { index, logits in
            outcomeLoss(logits, correct: batch[index].correct)
        }
        let loss = lesson.losses.reduce(0) { $0 + $1.loss }
        try step(byTemperature: lesson.losses.reduce(0) { $0 + $1.temperature })
        state.update += 1
        state.lossSum += loss
        state.languageSum += lesson.languageLoss
        state.updatesSummed += 1
        smoothedLoss = smoothedLoss.map { 0.95 * $0 + 0.05 * loss } ?? loss
        job.progress.change { [state, smoothedLoss] in ($0.done, $0.loss) = (state.update, smoothedLoss) }
    }

    private mutating func step(byTemperature slope: Double) throws(TrainingError) {
        let rate = schedule.rate(at: state.update)
        let squares = learner.withGradient { optimizer.squares(of: $0) }
        // The temperature's slope is as its parameter has it, so that the norm is of what is stepped along.
        let own = settings.learnsTemperature ? slope * state.temperature.value(at: state.update, settings) : 0
        let norm = (squares + own * own).squareRoot()
        guard norm.isFinite else { throw .diverged(update: state.update) }
        let scale = norm > settings.clip ? settings.clip / norm : 1
        learner.withParameters { parameters in
            learner.withGradient { gradient in
                optimizer.step(
                    parameters,
                    gradient: gradient,
                    scale: scale,
                    rate: rate,
                    step: state.update + 1,
                    settings
                )
            }
        }
        if settings.learnsTemperature {
            state.temperature.learn(slope, scale: scale, rate: rate, step: state.update + 1, settings)
        }
    }

    // MARK: - Looking and keeping

    private mutating func evaluate() throws {
        let temperature = state.temperature.value(at: state.update, settings)
        let measure = HeldOutMeasure(pooling: pooling, temperature: temperature)
        let score = run.data.heldOut.isEmpty ? nil : try measure.score(run.data.heldOut, with: learner)
        if let score, let merit = score.merit(settings.keep), Temperature.isSettled(at: state.update, settings) {
            // A number that is not finite is never the best; equal ones keep the earlier parameters.
            if merit.isFinite, state.best.map({ merit > ($0.score.merit(settings.keep) ?? -.infinity) }) ?? true {
                state.evaluationsSinceBest = 0
                try keep(score, temperature: temperature)
            } else {
                state.evaluationsSinceBest += 1
            }
        }
        let count = Double(max(1, state.updatesSummed))
        curve.append(
            Curve.Row(
                update: state.update,
                values: [
                    state.lossSum / count, state.languageSum / count, schedule.rate(at: state.update), temperature,
                    score?.loss, score?.accuracy, score?.f1,
                ]
            )
        )
        (state.lossSum, state.languageSum, state.updatesSummed) = (0, 0, 0)
        try run.folder.write(curve.text, to: Curve.textFile)
        try run.folder.write(Array(curve.plot(best: state.best?.update).svg.utf8), to: Curve.plotFile)
        job.progress.change { $0.heldOut = score }
        if saveTime < .seconds(1) { try save() }
    }

    private mutating func keep(_ score: HeldOutScore, temperature: Double) throws {
        var parameters: [Float]?
        switch keeper {
        case .atOnce(let write):
            try run.checkpoint.writeDescription(settings, temperature: temperature)
            try write()
        case .atEnd: parameters = learner.parameters
        }
        state.best = RunState.Best(
            update: state.update,
            score: score,
            temperature: temperature,
            parameters: parameters
        )
    }

    private mutating func save() throws {
        let clock = ContinuousClock()
        saveTime = try clock.measure {
            try StateFile(folder: run.folder.path).write(state, learner, optimizer)
        }
        lastSave = .now
    }

    /// The last parameters where no evaluation chose any; a head's checkpoint in any case.
    private func finish() throws {
        let temperature = state.best?.temperature ?? state.temperature.value(at: state.update, settings)
        switch keeper {
        case .atOnce(let write):
            guard state.best == nil else { return }
            try run.checkpoint.writeDescription(settings, temperature: temperature)
            try write()
        case .atEnd(let write):
            try run.checkpoint.writeDescription(settings, temperature: temperature)
            try write(state.best?.parameters ?? learner.parameters)
        }
    }
}
