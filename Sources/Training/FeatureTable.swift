// Hidden states at the read positions, computed once.
import Checkpoints
import Scoring
import Transformers

/// What the scoring path hands its head, for every step of every rollout: [reads, hidden].
struct FeatureTable: Sendable {
    let hidden: Int
    private let values: [Float]
    /// Rows of each rollout, by `Example.index`: from its own number up to the next.
    private let offsets: [Int]

    init(hidden: Int, values: [Float], offsets: [Int]) {
        (self.hidden, self.values, self.offsets) = (hidden, values, offsets)
    }

    func rows(of example: Int) -> Range<Int> { offsets[example]..<offsets[example + 1] }

    func withRow<R>(_ row: Int, _ body: (UnsafePointer<Float>) -> R) -> R {
        precondition(row >= 0 && (row + 1) * hidden <= values.count, "a row beyond the features")
        return values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { preconditionFailure("features without numbers") }
            return body(start + row * hidden)
        }
    }
}

/// The cached features of one data file and one base.
struct FeatureCache {
    static let fileName = "features.safetensors"
    private static let tensor = "features"

    /// The folder of the run.
    let folder: String
    /// Of the data, its rendering and the base's weights: features of any others are computed anew.
    let key: String

    /// From the cache where it is of this key, else from the model, batch by batch into the cache.
    /// - Returns: nil where the run was asked to stop; the cache is then not written.
    func table(
        of examples: [Example],
        checkpoint: Checkpoint,
        threads: Int,
        tokensAtOnce: Int,
        stop: StopRequest,
        progress: TrainingProgress
    ) async throws -> FeatureTable? {
        let hidden = checkpoint.config.hiddenSize
        var offsets = [0]
        for example in examples { offsets.append((offsets.last ?? 0) + example.sequence.readPositions.count) }
        let shape = [offsets.last ?? 0, hidden]
        if let values = try cached(shape: shape) {
            return FeatureTable(hidden: hidden, values: values, offsets: offsets)
        }
        progress.change { ($0.phase, $0.done, $0.total) = (.features, 0, examples.count) }
        let model = try RewardModel(featuresOf: checkpoint, compute: ComputeSettings(threads: threads))
        var writer = try SafetensorsWriter(
            path: folder + "/" + Self.fileName,
            tensors: [(name: Self.tensor, dtype: .float32, shape: shape)],
            metadata: ["key": key]
        )
        var values: [Float] = []
        values.reserveCapacity(shape[0] * hidden)
        var start = 0
        while start < examples.count {
            if stop.isMade { return nil }
            let end = Self.batchEnd(examples, from: start, tokens: tokensAtOnce)
            let batch = try PackedBatch(
                examples[start..<end].map {
                    TokenSequence(ids: $0.sequence.ids, readPositions: $0.sequence.readPositions)
                }
            )
            let features = try await model.features(batch)
            let outcome = features.withUnsafeBytes { bytes in
                Result { () throws(CheckpointError) in try writer.append(bytes) }
            }
            try outcome.get()
            values += features
            start = end
            progress.change { $0.done = end }
        }
        try writer.finish()
        return FeatureTable(hidden: hidden, values: values, offsets: offsets)
    }

    /// A file that is no cache of ours is written over.
    private func cached(shape: [Int]) throws(CheckpointError) -> [Float]? {
        guard let file = try? SafetensorsFile(Self.fileName, in: folder), file.metadata["key"] == key,
            file.tensors[Self.tensor]?.shape == shape
        else { return nil }
        return try file.floats(Self.tensor)
    }

    /// At least one rollout, then as many as stay under `tokens`.
    private static func batchEnd(_ examples: [Example], from start: Int, tokens: Int) -> Int {
        var end = start + 1
        var sum = examples[start].sequence.ids.count
        while end < examples.count, sum + examples[end].sequence.ids.count <= tokens {
            sum += examples[end].sequence.ids.count
            end += 1
        }
        return end
    }
}
