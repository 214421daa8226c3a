// Everything that a run needs to go on to the same bits.
import Checkpoints

/// The state between two updates, beside the parameters and their moments.
struct RunState: Equatable {
    /// Updates done.
    var update = 0
    var temperature: Temperature
    var best: Best?
    /// Evaluations since the best one.
    var evaluationsSinceBest = 0
    /// Sums over the updates since the last evaluation, for the curve.
    var lossSum = 0.0
    var languageSum = 0.0
    var updatesSummed = 0

    struct Best: Equatable {
        let update: Int
        let score: HeldOutScore
        let temperature: Double
        /// The parameters themselves, where the checkpoint is only written at the end.
        let parameters: [Float]?
    }

    init(_ settings: TrainingSettings) { temperature = Temperature(settings) }
}

/// `state.safetensors`: tensors for the blocks, the rest in the metadata; numbers as their bits, so that none is rounded.
struct StateFile {
    static let name = "state.safetensors"
    private static let blocks = ["parameters", "first_moment", "second_moment"]
    private static let bestBlock = "best_parameters"

    /// The folder of the run.
    let folder: String

    func write(_ state: RunState, _ learner: some Learner, _ optimizer: AdamW) throws(CheckpointError) {
        let shape = [learner.count]
        var tensors = Self.blocks.map { (name: $0, dtype: DType.float32, shape: shape) }
        if state.best?.parameters != nil { tensors.append((name: Self.bestBlock, dtype: .float32, shape: shape)) }
        var writer = try SafetensorsWriter(
            path: folder + "/" + Self.name,
            tensors: tensors,
            metadata: Self.metadata(of: state)
        )
        let outcome = learner.withParameters { parameters in
            let bytes = UnsafeRawBufferPointer(parameters)
            return Result { () throws(CheckpointError) in try writer.append(bytes) }
        }
        try outcome.get()
        for block in [optimizer.first, optimizer.second, state.best?.parameters ?? []] {
            let outcome = block.withUnsafeBytes { bytes in
                Result { () throws(CheckpointError) in try writer.append(bytes) }
            }
            try outcome.get()
        }
        try writer.finish()
    }

    /// Nil where nothing has been saved yet; the learner and the optimizer take their blocks.
    func read(
        _ settings: TrainingSettings,
        into learner: some Learner,
        _ optimizer: AdamW
    ) throws(TrainingError) -> RunState? {
        do {
            guard let file = try SafetensorsFile(Self.name, in: folder) else { return nil }
            let blocks = try Self.blocks.map { name throws(CheckpointError) in try file.floats(name) }
            let best = file.tensors[Self.bestBlock] == nil ? nil : try file.floats(Self.bestBlock)
            guard let state = Self.state(file.metadata, settings, bestParameters: best),
                learner.restore(blocks[0]), optimizer.restore(first: blocks[1], second: blocks[2])
            else { throw TrainingError.badState(file: Self.name) }
            return state
        } catch let error as CheckpointError {
            throw .checkpoint(error)
        } catch {
            throw .badState(file: Self.name)
        }
    }

    /// How many updates a saved run has done, without its blocks; nil where none is saved.
    static func update(in folder: String) -> Int? {
        guard let file = try? SafetensorsFile(name, in: folder) else { return nil }
        return file.metadata["update"].flatMap { Int($0) }
    }

    // MARK: - Metadata

    private static func metadata(of state: RunState) -> [String: String] {
        var metadata = [
            "update": String(state.update),
            "temperature": bits(state.temperature.numbers),
            "since_best": String(state.evaluationsSinceBest),
            "sums": bits([state.lossSum, state.languageSum]),
            "summed": String(state.updatesSummed),
        ]
        if let best = state.best {
            metadata["best_update"] = String(best.update)
            metadata["best"] = bits([best.score.loss, best.score.accuracy, best.temperature])
            if let f1 = best.score.f1 { metadata["best_f1"] = bits([f1]) }
        }
        return metadata
    }

    private static func state(
        _ metadata: [String: String],
        _ settings: TrainingSettings,
        bestParameters: [Float]?
    ) -> RunState? {
        func count(_ key: String) -> Int? { metadata[key].flatMap { Int($0) } }
        func numbers(_ key: String, _ count: Int) -> [Double]? {
            metadata[key].flatMap(Self.numbers).flatMap { $0.count == count ? $0 : nil }
        }
        var state = RunState(settings)
        guard let update = count("update"), (0...settings.updates).contains(update),
            let since = count("since_best"), let summed = count("summed"),
            let sums = numbers("sums", 2), let temperature = numbers("temperature", 3),
            state.temperature.restore(temperature)
        else { return nil }
        (state.update, state.evaluationsSinceBest, state.updatesSummed) = (update, since, summed)
        (state.lossSum, state.languageSum) = (sums[0], sums[1])
        if let at = count("best_update") {
            guard let best = numbers("best", 3) else { return nil }
            state.best = RunState.Best(
                update: at,
                score: HeldOutScore(loss: best[0], accuracy: best[1], f1: numbers("best_f1", 1)?[0]),
                temperature: best[2],
                parameters: bestParameters
            )
        }
        return state
    }

    private static func bits(_ numbers: [Double]) -> String {
        numbers.map(\.bitPattern.hexadecimal).joined(separator: " ")
    }

    private static func numbers(_ text: String) -> [Double]? {
        let words = text.split(separator: " ")
        let numbers = words.compactMap { UInt64($0, radix: 16).map { Double(bitPattern: $0) } }
        return numbers.count == words.count ? numbers : nil
    }
}
