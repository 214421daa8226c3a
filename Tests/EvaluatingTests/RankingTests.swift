// AUROC and outcomes, worked by hand.
import Evaluating
import Fixtures
import Testing

@Suite struct RankingTests {
    @Test(arguments: [
        ([0.8, 0.9], [0.1, 0.2], 1.0), ([0.1], [0.9], 0.0), ([0.5], [0.5], 0.5),
        // Of 2 x 3 pairs: 0.6 beats 0.2 and 0.5, loses to 0.7; 0.5 beats 0.2, ties 0.5, loses to 0.7.
        ([0.6, 0.5], [0.2, 0.5, 0.7], 3.5 / 6),
    ])
    func `it is the share of pairs in order, ties counting half`(
        positives: [Double],
        negatives: [Double],
        area: Double
    ) {
        #expect(near(auroc(positives: positives, negatives: negatives), area))
    }

    @Test func `it agrees with counting every pair`() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<30 {
            let positives = (0..<23).map { _ in Double(Int.random(in: 0...9, using: &random)) }
            let negatives = (0..<17).map { _ in Double(Int.random(in: 0...9, using: &random)) }
            var pairs = 0.0
            for positive in positives {
                for negative in negatives { pairs += positive > negative ? 1 : positive == negative ? 0.5 : 0 }
            }
            #expect(near(auroc(positives: positives, negatives: negatives), pairs / (23 * 17)))
        }
    }

    @Test func `one class alone has none`() {
        #expect(auroc(positives: [0.5], negatives: []) == nil)
        #expect(auroc(positives: [], negatives: [0.5]) == nil)
        #expect(stepAUROC([chain([0.9, 0.8], -1)]) == nil)
        #expect(stepAUROC([chain([0.9, 0.8], nil)]) == nil)
    }

    @Test func `steps after the first wrong one do not count`() {
        // Right: 0.9, 0.3. Wrong: 0.4. The 0.95 after it is nobody's.
        #expect(near(stepAUROC([chain([0.9, 0.4, 0.95], 1), chain([0.3], -1)]), 0.5))
        #expect(chain([0.9, 0.4, 0.95], 1).samples.map(\.isRight) == [true, false])
    }
}

@Suite struct OutcomeTests {
    @Test func `a value at the threshold or above it says right`() throws {
        let chains = [
            outcome(0.5, true), outcome(0.4, true), outcome(0.4, false), outcome(0.9, false), outcome(0, nil),
        ]
        let score = try #require(OutcomeScore(chains, threshold: 0.5))
        #expect(score.chains == 4 && score.right == 2)
        #expect(score.accuracy == 0.5)
        // Pairs: 0.5>0.4, 0.5<0.9, 0.4=0.4, 0.4<0.9: 1.5 of 4.
        #expect(near(score.auroc, 0.375))
    }

    @Test func `without outcomes, or with one kind, what cannot be measured is nil`() throws {
        #expect(OutcomeScore([outcome(0.5, nil)], threshold: 0.5) == nil)
        #expect(OutcomeScore([], threshold: 0.5) == nil)
        let one = try #require(OutcomeScore([outcome(0.5, true)], threshold: nil))
        #expect(one.auroc == nil && one.accuracy == nil)
    }
}

@Suite struct BestOfNTests {
    @Test func `picks, first and oracle over all subsets are as worked by hand`() throws {
        // By value: right 0.9, wrong 0.6, right 0.3. Pairs picked: 0.9, 0.9, 0.6: 2 of 3. Oracle: every pair has a right one.
        let group = [outcome(0.9, true, group: "a"), outcome(0.3, true, group: "a"), outcome(0.6, false, group: "a")]
        let rows = BestOfN.rows(group)
        #expect(rows.map(\.n) == [1, 2, 3])
        #expect(rows.allSatisfy { near($0.first, 2.0 / 3) && $0.groups == 1 })
        #expect(near(rows[0].picked, 2.0 / 3) && near(rows[1].picked, 2.0 / 3) && near(rows[2].picked, 1))
        #expect(near(rows[0].oracle, 2.0 / 3) && near(rows[1].oracle, 1) && near(rows[2].oracle, 1))
    }

    @Test func `a tie is broken by chance`() {
        let tie = [outcome(0.5, true, group: "a"), outcome(0.5, false, group: "a")]
        #expect(near(BestOfN.rows(tie).last?.picked, 0.5))
    }

    @Test func `smaller groups are left out of larger n, and chains without group or outcome of all`() {
        let chains = [
            outcome(0.9, true, group: "a"), outcome(0.1, false, group: "a"), outcome(0.4, false, group: "b"),
            outcome(0.4, true), outcome(0.4, nil, group: "b"),
        ]
        let rows = BestOfN.rows(chains)
        #expect(rows.map(\.n) == [1, 2] && rows.map(\.groups) == [2, 1])
        #expect(near(rows[0].picked, 0.25) && near(rows[1].picked, 1))
        #expect(BestOfN.rows([outcome(0.9, true, group: "a")]).isEmpty && BestOfN.rows([]).isEmpty)
    }

    @Test(arguments: [(2, [1, 2]), (4, [1, 2, 4]), (5, [1, 2, 4, 5]), (7, [1, 2, 4, 7]), (8, [1, 2, 4, 8])])
    func `n doubles up to the largest group`(size: Int, sizes: [Int]) {
        let group = (0..<size).map { outcome(Double($0), $0 % 2 == 0, group: "a") }
        #expect(BestOfN.rows(group).map(\.n) == sizes)
    }

    @Test func `it agrees with trying every subset`() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20 {
            let group = (0..<8).map { place in
                outcome(
                    Double(place) + Double.random(in: 0...0.5, using: &random),
                    Bool.random(using: &random),
                    group: "a"
                )
            }.shuffled(using: &random)
            for row in BestOfN.rows(group) {
                let subsets = (0..<256).filter { $0.nonzeroBitCount == row.n }.map { bits in
                    group.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
                }
                let picked = subsets.count { $0.max { $0.trajectory < $1.trajectory }?.correct == true }
                let any = subsets.count { $0.contains { $0.correct == true } }
                #expect(near(row.picked, Double(picked) / Double(subsets.count)))
                #expect(near(row.oracle, Double(any) / Double(subsets.count)))
            }
        }
    }
}
