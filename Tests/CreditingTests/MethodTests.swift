// The list of methods as a whole.

import Crediting
import Fixtures
import Testing

@Suite struct MethodTests {
    @Test func `no two methods answer to one name`() {
        let names = Method.all.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        // Those that issue 8 asks for, and no fewer.
        let asked = """
            min sws lca pure pure_strict product last mean grpo dr_grpo rloo grpo_process mig igpo siop progress pav elfadeel
            prime implicit_prm istar oprl a2tgpo matchtir scrl gigpo mars2 r3l scope grounded_prm capo gdpo ttrl empo gtpo
            sepa top20
            """.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(asked.filter { Method.named($0) == nil } == [])
        #expect(Method.all.count >= 40)
        #expect(Method.named("lca")?.name == "sws" && Method.named("nobody") == nil)
    }

    @Test(arguments: Method.all.map(\.name))
    func `a method is a program with every word that an option may be`(name: String) throws {
        let method = try #require(Method.named(name))
        #expect(throws: Never.self) { try method.program() }
        for option in method.options {
            switch option.kind {
            case .word(let words):
                for word in words {
                    #expect(throws: Never.self) { try method.program([option.name: .word(word)]) }
                }
                #expect(throws: CreditError.self) { try method.program([option.name: .word("nobody")]) }
            case .number(let range):
                for end in [range.lowerBound, range.upperBound] {
                    #expect(throws: Never.self) { try method.program([option.name: .number(end)]) }
                }
                #expect(throws: CreditError.self) { try method.program([option.name: .number(.nan)]) }
            case .numbers:
                #expect(throws: CreditError.self) { try method.program([option.name: .numbers([])]) }
            }
        }
        #expect(throws: CreditError.option("nobody", wanted: nil)) { try method.program(["nobody": .number(1)]) }
    }

    @Test(arguments: Pooling.allCases, [1, 2, 3])
    func `a method has the bits of the pooling of its name`(pooling: Pooling, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for scale in Scale.allCases where pooling.exists(on: scale) {
            for _ in 0..<100 {
                let rewards = (0..<Int.random(in: 1...9, using: &generator)).map { _ -> Double? in
                    Int.random(in: 0..<8, using: &generator) == 0 ? nil : .random(in: 0.01...0.99, using: &generator)
                }
                guard rewards.contains(where: { $0 != nil }) else { continue }
                let settings = try CreditSettings(pooling: pooling, temperature: 0.3, scale: scale)
                let credit = try credit(for: rewards, on: .probability, settings: settings)
                var options: [String: OptionValue] = [:]
                if [.sws, .softmin].contains(pooling) { options["temperature"] = .number(0.3) }
                if ![.product, .geometricMean].contains(pooling) { options["scale"] = .word(scale.rawValue) }
                let answer = try Answer(pooling.rawValue, options, [rollout { $0.rewards = rewards }])
                #expect(answer.numbers(.reward) == [credit.pooled])
                #expect(answer.numbers(.credit) == credit.steps.map { $0?.credit })
                #expect(zip(answer.weights(), credit.steps).allSatisfy { $0 == $1?.weight ?? 0 })
            }
        }
    }

    @Test func `what a method needs is told from its program`() throws {
        func needs(_ name: String, _ options: [String: OptionValue] = [:]) throws -> Needs {
            Needs(of: try #require(Method.named(name)).program(options))
        }
        #expect(try needs("mig").required == ["answer_logprob"])
        #expect(try needs("mig").optional == ["group", "token_spans"])
        #expect(try needs("gigpo").required == ["outcome", "states"])
        #expect(try needs("mars2").required == ["outcome", "parent"])
        #expect(try needs("pure").required == ["rewards"])
        #expect(try needs("pure", ["baseline": .word("token")]).required == ["rewards", "token_spans"])
        #expect(try needs("gdpo").required == ["dimensions"])
        #expect(try needs("ttrl").optional == ["group", "token_spans"])
        #expect(try Needs(of: Program([Instruction(.read(Read(.answerShare)))])).optional == ["group"])
        #expect(try needs("matchtir").required == ["external"])
        #expect(try needs("matchtir").optional == ["group", "turns", "token_spans"])
    }
}
