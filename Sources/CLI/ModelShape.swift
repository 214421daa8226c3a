// Sizes of real decoders, for measurements without a file.
import Checkpoints

/// Qwen2.5's sizes (their config.json), which most process reward models have.
enum ModelShape: String, CaseIterable {
    case half = "qwen2.5-0.5b"
    case small = "qwen2.5-1.5b"
    case large = "qwen2.5-7b"

    private var sizes: Qwen2Shape {
        switch self {
        case .half: shape(151_936, hidden: 896, middle: 4_864, layers: 24, heads: 14, shared: 2)
        case .small: shape(151_936, hidden: 1_536, middle: 8_960, layers: 28, heads: 12, shared: 2)
        case .large: shape(152_064, hidden: 3_584, middle: 18_944, layers: 28, heads: 28, shared: 4)
        }
    }

    private func shape(
        _ vocabulary: Int,
        hidden: Int,
        middle: Int,
        layers: Int,
        heads: Int,
        shared: Int
    ) -> Qwen2Shape {
        Qwen2Shape(
            vocabularySize: vocabulary,
            hiddenSize: hidden,
            intermediateSize: middle,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: shared,
            maximumPositions: 32_768,
            ropeTheta: 1_000_000
        )
    }

    var config: ModelConfig {
        get throws { try ModelConfig(json: qwen2Config(sizes, dtype: .bfloat16)) }
    }

    static func named(_ name: String) throws -> ModelShape {
        guard let shape = ModelShape(rawValue: name) else {
            let known = allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.usage("--shape: \(name) is not one of \(known)")
        }
        return shape
    }
}
