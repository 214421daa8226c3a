// The numbers a new decoder begins with.
import Glibc

/// Draws matrices from a normal distribution, norms are 1, biases 0. Equal seeds give equal bits.
///
/// The deviation is that of PyTorch's `nn.Linear`, 1 / sqrt(3 inputs). The 0.02 of transformers is made for widths of
/// thousands: with a width of 96 a decoder of our own was slow to begin with it.
struct Initialisation {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Writes one tensor's numbers.
    mutating func fill(_ tensor: ParameterTensor, in block: UnsafeMutablePointer<Float>) {
        guard tensor.shape.count == 2 else {
            let value: Float = tensor.name.hasSuffix("norm.weight") ? 1 : 0
            for index in tensor.range { block[index] = value }
            return
        }
        let deviation = 1 / (3 * Double(tensor.shape[1])).squareRoot()
        for index in tensor.range { block[index] = Float(deviation * normal()) }
    }

    /// Box and Muller's transform of two uniform numbers, of which one result is used.
    private mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * Double.pi * uniform())
    }

    /// In [0, 1).
    private mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// SplitMix64 (Steele, Lea and Flood 2014): a seed says it all, on every machine.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
