// Rotary embedding: its base and how it is stretched.
import JSON

/// How the frequencies of the rotary embedding are changed for contexts longer than the base model's.
package enum RopeScaling: Sendable, Equatable {
    case none
    /// Every frequency is divided by the factor.
    case linear(factor: Double)
    /// Llama 3.1: long wavelengths are divided by the factor, short ones kept, those between blended.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int)
    /// A type that exists but is not read here, such as `yarn`: whoever computes must refuse it by this name.
    case other(String)
}

/// Reads `rope_theta` with `rope_scaling` (older), or `rope_parameters` (transformers 5).
struct Rope {
    let theta: Double
    let scaling: RopeScaling

    private static let thetas = 1.0...1e15
    private static let factors = 1.0...1e6

    init(_ reader: ConfigReader) throws(CheckpointError) {
        let older = try reader.number("rope_theta", in: Self.thetas)
        let parameters = try reader.reader("rope_parameters")
        let newer = try parameters?.number("rope_theta", in: Self.thetas)
        if let older, let newer, older != newer {
            throw reader.refusal("rope_theta", .contradicts("rope_parameters.rope_theta"))
        }
        // The default of every family here; configs older than long contexts do not write it.
        theta = newer ?? older ?? 10_000
        if let parameters {
            scaling = try Self.scaling(parameters)
            let olderScaling = try reader.reader("rope_scaling").map(Self.scaling)
            if let olderScaling, olderScaling != scaling {
                throw reader.refusal("rope_scaling", .contradicts("rope_parameters"))
            }
        } else {
            scaling = try reader.reader("rope_scaling").map(Self.scaling) ?? RopeScaling.none
        }
    }

    private static func scaling(_ reader: ConfigReader) throws(CheckpointError) -> RopeScaling {
        // One table a kind of layer (Gemma 3); no model here has it, and its theta would be missed.
        for kind in ["full_attention", "sliding_attention"] where reader.has(kind) {
            throw reader.refusal(kind, .unsupported("rope by layer type"))
        }
        let (newer, older) = (try reader.string("rope_type"), try reader.string("type"))
        if let newer, let older, newer != older { throw reader.refusal("rope_type", .contradicts("type")) }
        switch newer ?? older {
        case nil where reader.has("factor"): throw reader.refusal("rope_type", .missing)
        case nil, "default": return .none
        case "linear": return .linear(factor: try factor(reader, "factor", in: factors))
        case "llama3": return try llama3(reader)
        case let other?: return .other(other)
        }
    }

    private static func llama3(_ reader: ConfigReader) throws(CheckpointError) -> RopeScaling {
        let low = try factor(reader, "low_freq_factor", in: 1e-3...1e6)
        let high = try factor(reader, "high_freq_factor", in: 1e-3...1e6)
        // The blend divides by their difference.
        guard low < high else { throw reader.refusal("high_freq_factor", .contradicts("low_freq_factor")) }
        let key = "original_max_position_embeddings"
        return .llama3(
            factor: try factor(reader, "factor", in: factors),
            lowFrequencyFactor: low,
            highFrequencyFactor: high,
            originalPositions: try reader.required(key, reader.integer(key, in: 1...1 << 30))
        )
    }

    private static func factor(
        _ reader: ConfigReader,
        _ key: String,
        in range: ClosedRange<Double>
    ) throws(CheckpointError) -> Double {
        try reader.required(key, reader.number(key, in: range))
    }
}
