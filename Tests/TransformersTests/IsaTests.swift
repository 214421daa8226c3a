// Which versions of the kernels there are here.
import CKernels
import Testing

@Suite struct IsaTests {
    @Test func `the plain version runs everywhere, and the best one here`() {
        #expect(lp_isa_runs(LP_PLAIN) == 1)
        #expect(lp_isa_runs(lp_isa_best()) == 1)
        #expect(lp_isa_runs(lp_isa(rawValue: 5)) == 0)
    }

    @Test func `a version brings the lesser ones of its architecture`() {
        if lp_isa_runs(LP_AVX512_VNNI) != 0 { #expect(lp_isa_runs(LP_AVX512) == 1) }
        if lp_isa_runs(LP_AVX512) != 0 { #expect(lp_isa_runs(LP_AVX2) == 1) }
        if lp_isa_runs(LP_DOTPROD) != 0 { #expect(lp_isa_runs(LP_AVX2) == 0) }
    }

    @Test func `peak loops count what they do`() {
        for version in versionsHere {
            for peak in [lp_peak_int8, lp_peak_float] {
                let once = peak(version, 10)
                #expect(once > 0)
                #expect(peak(version, 30) == 3 * once)
                #expect(peak(version, 0) == 0)
            }
        }
    }
}
