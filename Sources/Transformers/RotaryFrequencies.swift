// The angles' frequencies, as a config stretches them.
import CKernels
import Checkpoints

/// The inverse frequencies of one head, [head dimension / 2]; `Blueprint` has refused a scaling that is not known.
func rotaryFrequencies(of config: ModelConfig) -> FloatBuffer {
    let count = config.headDimension / 2
    let frequencies = FloatBuffer(count: count)
    let status = lp_rope_frequencies(config.ropeTheta, config.headDimension, frequencies.start)
    precondition(status == LP_OK, "a config with an odd head dimension or no rotary base")
    switch config.ropeScaling {
    case .none: break
    case .linear(let factor):
        lp_rope_stretch(frequencies.start, count, Float(factor))
    case .llama3(let factor, let low, let high, let positions):
        lp_rope_stretch_llama3(frequencies.start, count, factor, low, high, Double(positions))
    case .other:
        preconditionFailure("a rotary scaling that the blueprint refuses")
    }
    return frequencies
}
