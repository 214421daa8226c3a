// Which layers see a window only; every family has its own rule.

/// One window a layer, nil for full attention; the rules of transformers 4.57 (prm-zoo.md 2.2).
struct SlidingWindows {
    let windows: [Int?]

    private static let sizes = 1...Int(Int32.max)
    /// The class default of Mistral and Qwen2, where the key is absent.
    private static let absent = 4096

    init(_ reader: ConfigReader, modelType: String, layerCount: Int) throws(CheckpointError) {
        let kinds = try Self.kinds(reader, layerCount: layerCount)
        var windows: [Int?]
        switch modelType {
        case "qwen2", "qwen3":
            windows = try Self.qwen(reader, kinds: kinds, layerCount: layerCount)
        case "mistral":
            windows = Array(repeating: try Self.size(reader), count: layerCount)
        case "llama":
            // Its attention has none, whatever the file says.
            windows = Array(repeating: nil, count: layerCount)
        default:
            guard try reader.integer("sliding_window", in: Self.sizes) == nil else {
                throw reader.refusal("model_type", .unsupported(modelType))
            }
            windows = Array(repeating: nil, count: layerCount)
        }
        if let kinds, kinds != windows.map({ $0 != nil }) {
            throw reader.refusal("layer_types", .contradicts("sliding_window"))
        }
        self.windows = windows
    }

    /// Absent and null differ: 4096, and no window.
    private static func size(_ reader: ConfigReader) throws(CheckpointError) -> Int? {
        guard reader.has("sliding_window") else { return absent }
        return try reader.integer("sliding_window", in: sizes)
    }

    private static func qwen(
        _ reader: ConfigReader,
        kinds: [Bool]?,
        layerCount: Int
    ) throws(CheckpointError) -> [Int?] {
        // Every Qwen2.5 file has a sliding_window, and nearly every one switches it off here.
        let isOn = try reader.bool("use_sliding_window") ?? false
        let written = try size(reader)
        let first = try reader.integer("max_window_layers", in: 0...Int(Int32.max)) ?? 28
        let isSliding = kinds ?? (0..<layerCount).map { $0 >= first }
        return isSliding.map { $0 && isOn ? written : nil }
    }

    /// `layer_types`: whether each layer slides; nil where the file does not say.
    private static func kinds(_ reader: ConfigReader, layerCount: Int) throws(CheckpointError) -> [Bool]? {
        guard let names = try reader.strings("layer_types") else { return nil }
        for name in names where name != "full_attention" && name != "sliding_attention" {
            throw reader.refusal("layer_types", .unsupported(name))
        }
        guard names.count == layerCount else {
            throw reader.refusal("layer_types", .contradicts("num_hidden_layers"))
        }
        return names.map { $0 == "sliding_attention" }
    }
}
