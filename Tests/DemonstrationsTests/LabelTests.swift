// Every label is true, as an independent reader of the texts finds.
import Demonstrations
import Testing

private let chains: [Demonstration] = {
    var task = ArithmeticTask()
    task.steps = 1...8
    return Array(ArithmeticDemonstrations(task: task, seed: 20_260_627).prefix(6000))
}()

@Suite struct LabelTests {
    @Test func `a reader of the texts finds exactly the labels`() throws {
        for chain in chains {
            let checker = try #require(Checker(prompt: chain.prompt), "\(chain.prompt)")
            let claims = try chain.steps.map { try #require(Checker.claim($0), "\($0)") }
            #expect(claims.count == checker.deeds.count)
            let verdicts = checker.verdicts(claims)
            #expect(verdicts.firstIndex(of: false) ?? -1 == chain.label, "\(chain)")
            let answer = try #require(checker.answer)
            #expect((claims.last?.result == answer) == chain.isCorrect, "\(chain)")
            #expect(claims.allSatisfy { (0...50).contains($0.result) && (0...50).contains($0.from) })
        }
    }

    @Test func `a wrong chain mostly goes on consistently`() throws {
        var later = 0
        var wrongAgain = 0
        for chain in chains where chain.label >= 0 {
            let checker = try #require(Checker(prompt: chain.prompt))
            let verdicts = checker.verdicts(chain.steps.compactMap(Checker.claim))
            later += verdicts.count - chain.label - 1
            wrongAgain += verdicts.dropFirst(chain.label + 1).count { !$0 }
        }
        // 15 of 100 are drawn; what must be drawn anew shifts that a little.
        #expect(later > 5000 && (0.10...0.18).contains(Double(wrongAgain) / Double(later)))
    }

    @Test func `half of the chains are wrong, at any step alike`() {
        let wrong = chains.filter { $0.label >= 0 }
        #expect(abs(wrong.count - chains.count / 2) < 150)
        let fours = chains.filter { $0.steps.count == 4 && $0.label >= 0 }
        let counts = (0..<4).map { place in fours.count { $0.label == place } }
        #expect(counts.allSatisfy { abs($0 - fours.count / 4) < fours.count / 10 }, "\(counts)")
    }

    @Test func `wrong results, wrong carries and wrong operations are all there`() throws {
        var kinds = [0, 0, 0]
        for chain in chains where chain.label >= 0 {
            let checker = try #require(Checker(prompt: chain.prompt))
            let claims = chain.steps.compactMap(Checker.claim)
            let claim = claims[chain.label]
            let carried = chain.label > 0 ? claims[chain.label - 1].result : checker.start
            let kind = claim.deed != checker.deeds[chain.label] ? 2 : claim.from != carried ? 1 : 0
            // A step has one fault: only one with a wrong result has wrong arithmetic.
            #expect((claim.deed.done(to: claim.from) == claim.result) == (kind != 0), "\(chain)")
            kinds[kind] += 1
        }
        let shares = kinds.map { Double($0) / Double(kinds.reduce(0, +)) }
        #expect((0.6...0.8).contains(shares[0]) && shares[1] > 0.08 && shares[2] > 0.08, "\(shares)")
    }
}
