// Rotary frequencies that are stretched for long contexts.
import CKernels
import Testing

@Suite struct RopeStretchTests {
    private func frequencies(_ theta: Double, _ dimension: Int) -> [Float] {
        var frequencies = [Float](repeating: 0, count: dimension / 2)
        #expect(lp_rope_frequencies(theta, dimension, &frequencies) == LP_OK)
        return frequencies
    }

    /// Llama-3.1-8B, by `_compute_llama3_parameters` of transformers 5.23.0: kept up to 28, blended to 35, then an eighth.
    @Test func `Llama 3 has the very frequencies of transformers`() {
        var stretched = frequencies(500_000, 128)
        let base = stretched
        lp_rope_stretch_llama3(&stretched, 64, 8, 1, 4, 8192)
        let expected: [Int: Float] = [
            0: 1.0, 1: 0.8146172165870667, 28: 0.0032114461064338684, 29: 0.0021665706299245358,
            30: 0.0013718936825171113, 31: 0.0008567514596506953, 32: 0.0005248460220173001,
            33: 0.0003126936499029398, 34: 0.0001785077911335975, 35: 9.556212171446532e-05,
            36: 7.784655463183299e-05, 63: 3.068925877869333e-07,
        ]
        for (index, value) in expected { #expect(stretched[index] == value, "\(index)") }
        #expect(stretched[...28] == base[...28])
        #expect(Array(stretched[36...]) == base[36...].map { $0 / 8 })
    }

    @Test func `linear scaling divides every frequency`() {
        var stretched = frequencies(10_000, 64)
        let base = stretched
        lp_rope_stretch(&stretched, 32, 2.5)
        #expect(stretched == base.map { $0 / 2.5 })
    }

    @Test(arguments: [(1.0, 4.0), (0.5, 32.0), (1.0, 1.001)])
    func `a blend lies between both ends and never rises`(low: Double, high: Double) {
        var stretched = frequencies(10_000, 256)
        let base = stretched
        lp_rope_stretch_llama3(&stretched, 128, 16, low, high, 2048)
        for (new, old) in zip(stretched, base) { #expect(new <= old && new >= old / 16 * 0.999_999) }
        #expect(zip(stretched, stretched.dropFirst()).allSatisfy { $0 >= $1 })
    }
}
