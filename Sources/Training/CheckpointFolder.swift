// Writes what was learnt as an ordinary Hugging Face folder.
import Checkpoints
import Crediting
import JSON
import Scoring
import Transformers

/// A folder of the layout `…ForTokenClassification` with the profile `trl`; each file is replaced whole.
struct CheckpointFolder {
    static let weightsFile = "model.safetensors"
    /// transformers refuses a file that does not say for which framework it was written.
    private static let metadata = ["format": "pt"]
    private static let pieceFloats = 1 << 20

    let path: String
    let config: JSONObject
    let tokenizer: [UInt8]
    /// The base's own, since it may name the token that begins every text.
    let tokenizerConfig: [UInt8]?

    /// Everything but the weights.
    func writeDescription(_ settings: TrainingSettings, temperature: Double) throws(CheckpointError) {
        try write(JSONValue.object(config).serialized() + [UInt8(ascii: "\n")], to: "config.json")
        try write(tokenizer, to: "tokenizer.json")
        if let tokenizerConfig { try write(tokenizerConfig, to: "tokenizer_config.json") }
        let profile = JSONValue.object(profile(settings, temperature: temperature))
        try write(profile.serialized() + [UInt8(ascii: "\n")], to: "linchpin.json")
    }

    /// All of a decoder, as float32.
    func writeWeights(of model: TrainableModel) throws(CheckpointError) {
        var writer = try SafetensorsWriter(
            path: path + "/" + Self.weightsFile,
            tensors: model.tensors.map { (name: $0.name, dtype: .float32, shape: $0.shape) },
            metadata: Self.metadata
        )
        // Tensors stand in the block as they stand in the file.
        let outcome = model.withParameters { parameters in
            Result { () throws(CheckpointError) in
                for tensor in model.tensors {
                    try writer.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: parameters[tensor.range])))
                }
            }
        }
        try outcome.get()
        try writer.finish()
    }

    /// The base's decoder as it is stored, tensor by tensor, and the head.
    /// - Parameter head: score.weight [2, hidden], then score.bias [2].
    func writeWeights(of base: Checkpoint, head: [Float]) throws(CheckpointError) {
        let decoder = base.tensors.values.filter { $0.name.hasPrefix("model.") }.sorted { $0.name < $1.name }
        let hidden = base.config.hiddenSize
        let classes = HeadLearner.classes
        var writer = try SafetensorsWriter(
            path: path + "/" + Self.weightsFile,
            tensors: decoder.map { (name: $0.name, dtype: $0.dtype, shape: $0.shape) } + [
                (name: "score.weight", dtype: .float32, shape: [classes, hidden]),
                (name: "score.bias", dtype: .float32, shape: [classes]),
            ],
            metadata: Self.metadata
        )
        for info in decoder {
            let tensor = try base.load(info.name)
            let outcome = tensor.withBytes { bytes in
                Result { () throws(CheckpointError) in try writer.append(bytes) }
            }
            try outcome.get()
        }
        let weights = classes * hidden
        for part in [head[..<weights], head[weights...]] {
            let outcome = part.withUnsafeBytes { bytes in
                Result { () throws(CheckpointError) in try writer.append(bytes) }
            }
            try outcome.get()
        }
        try writer.finish()
    }

    private func write(_ bytes: [UInt8], to name: String) throws(CheckpointError) {
        try writeFile(bytes, to: path + "/" + name)
    }

    private func profile(_ settings: TrainingSettings, temperature: Double) -> JSONObject {
        let semantics: LearntSemantics =
            switch settings.semantics {
            // Causal credit teaches the last step the chance of a right answer, as OVM's value is.
            case .auto: settings.pooling == .last ? .value : .correctness
            case .correctness, .value: settings.semantics
            }
        return [
            "profile": .string(TrainingTemplate.profile),
            "semantics": .string(semantics.rawValue),
            "pooling": .string(settings.pooling.rawValue),
            "temperature": JSONValue(temperature) ?? .null,
            "credit_scale": .string(settings.scale.rawValue),
        ]
    }
}

/// config.json of what is trained.
enum TrainedConfig {
    private static let labels: JSONValue = ["0": "wrong", "1": "right"]

    /// A base's own, turned into a token classifier of two classes.
    /// - Parameter isWidened: whether all weights are written as float32.
    static func of(base: JSONObject, isWidened: Bool) -> JSONObject {
        var config = base
        let name = base["architectures"]?.array?.first?.string ?? ""
        let family = name.range(of: "For").map { String(name[..<$0]) } ?? "Qwen2"
        config["architectures"] = [.string(family + "ForTokenClassification")]
        config["num_labels"] = JSONValue(HeadLearner.classes)
        config["id2label"] = labels
        config["label2id"] = ["wrong": 0, "right": 1]
        if isWidened {
            config["dtype"] = .string(DType.float32.torchName)
            config["torch_dtype"] = .string(DType.float32.torchName)
        }
        // A base for other work may have code or a head of its own, which this folder has not.
        config["auto_map"] = nil
        return config
    }

    /// A new decoder's.
    static func new(_ settings: TrainingSettings, vocabulary: Int, endOfText: Int?) -> JSONObject {
        let shape = Qwen2Shape(
            vocabularySize: vocabulary,
            hiddenSize: settings.hidden,
            intermediateSize: settings.intermediate,
            layerCount: settings.layers,
            headCount: settings.heads,
            keyValueHeadCount: settings.keyValueHeads,
            maximumPositions: settings.maximumPositions
        )
        return qwen2Config(shape, endOfText: endOfText)
    }
}

extension String {
    /// Where `needle` first begins.
    fileprivate func range(of needle: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(needle) }
    }
}
