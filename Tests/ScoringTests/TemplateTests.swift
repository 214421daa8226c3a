// Every family's template lays rollouts out as its authors' code does.
import Scoring
import Testing
import Tokenizing
import Transformers

/// A template of a family on the toy vocabulary.
struct ToyTemplate {
    let tokenizer: Tokenizer
    let template: Template

    init(_ family: Family, chat: ChatFormat? = nil, beginning: String? = nil, padding: String? = nil) throws {
        tokenizer = try Toy.tokenizer()
        template = try Template(
            profile: family.profile,
            tokenizer: tokenizer,
            chat: chat ?? family.toyChat,
            beginning: (beginning ?? family.toyBeginning).flatMap(tokenizer.addedToken),
            padding: padding.flatMap(tokenizer.addedToken)
        )
    }

    /// What the model reads, `⟨k⟩` after each token that is read as the reward of step k.
    func text(_ prompt: String, _ steps: [String]) throws -> String {
        let rendering = try template.render(.text(prompt), steps: Steps(.list(steps), separator: "\n"))
        var bytes: [UInt8] = []
        for (position, id) in rendering.sequence.ids.enumerated() {
            bytes += try #require(tokenizer.bytes(of: id))
            guard let read = rendering.sequence.readPositions.firstIndex(of: position) else { continue }
            let step = rendering.readOfStep.firstIndex(of: read).map { "\($0)" } ?? ""
            bytes += Array("⟨\(step)⟩".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Family {
    /// The chat that the family's checkpoints have.
    var toyChat: ChatFormat {
        switch self {
        case .rlhflow, .medPRM: ChatFormat(.datedLlama3)
        case .reasonFlux, .fover: ChatFormat(.chatML, defaultSystem: "You help.")
        default: ChatFormat(.chatML)
        }
    }

    var toyBeginning: String? {
        switch self {
        case .rlhflow, .medPRM, .mathShepherd, .versaPRM, .mathMinos, .reasonEval, .trl: "<|begin_of_text|>"
        default: nil
        }
    }
}

@Suite struct TemplateTests {
    private static let dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"

    private static func header(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }

    /// Family and what the prompt "Q?" with the steps "A." and "B." becomes.
    private static let plain: [(Family, String)] = [
        (
            .qwenPRM,
            "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
                + "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\nA.<extra_0>⟨0⟩B.<extra_0>⟨1⟩<|im_end|>\n"
        ),
        (
            .reasonFlux,
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\nQ?<|im_end|>\n"
                + "<|im_start|>assistant\nA.<extra_0>⟨0⟩B.<extra_0>⟨1⟩<|im_end|>\n"
        ),
        (
            .qwenRM,
            "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
                + "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\nA.\n\nB.<|im_end|>\n⟨1⟩"
        ),
        (.sequenceClassification, "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\nA.\n\nB.<|im_end|>\n⟨1⟩"),
        (.skywork, "<|im_start|>Q?\nA.\n⟨0⟩B.\n⟨1⟩"),
        (.trl, "<|begin_of_text|>Q?A.\n⟨0⟩B.\n⟨1⟩"),
        (.pure, "Q?A.\n⟨0⟩B.\n⟨1⟩"),
        (.reasonEval, "<|begin_of_text|>Question:\nQ?\nAnswer:\nLet's think step by step.\nA.⟨0⟩B.⟨1⟩"),
        (.mathMinos, "<|begin_of_text|>Human: Q?\n\nAssistant:Step 1: A. и⟨0⟩\nStep 2: B. и⟨1⟩"),
        (.mathShepherd, "<|begin_of_text|>Q? Step 1: A. ки⟨0⟩\nStep 2: B. ки⟨1⟩"),
        (.versaPRM, "<|begin_of_text|>Q? \n\nA. \n\n\n\n⟨0⟩B. \n\n\n\n⟨1⟩"),
        (.mathPSA, "Q? A. \n\n\n\n\n⟨0⟩ B. \n\n\n\n\n⟨1⟩"),
        (
            .medPRM,
            "<|begin_of_text|><|begin_of_text|>\(header("system"))\(dates)You are an evaluator assessing the logicality and "
                + "validity of the reasoning in each step of the given explanation. In order to support the evaluation, the "
                + "relevant documents, the question, and the explanation are provided sequentially. If the reasoning "
                + "contains errors, output - after that step. If the reasoning in a step is logical and valid, output + "
                + "after that step.<|eot_id|>\(header("user"))Question: Q?\n\nExplanation: "
                + "Step 1: A. ки⟨0⟩ Step 2: B. ки⟨1⟩<|eot_id|>"
        ),
        (
            .rlhflow,
            "<|begin_of_text|>\(header("system"))\(dates)<|eot_id|>\(header("user"))Q? A.<|eot_id|>"
                + "\(header("assistant"))⟨0⟩+<|eot_id|>\(header("user"))B.<|eot_id|>\(header("assistant"))⟨1⟩+<|eot_id|>"
        ),
        (
            .fover,
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n** Problem **\nQ?\n\n** Task **\nYour task is to "
                + "evaluate the accuracy of each step in the provided solution to the above question. For each step, "
                + "respond with \"correct\" if the reasoning is logically valid and mathematically sound, or if the step "
                + "is a general statement or transition that does not contain reasoning. Respond with \"incorrect\" if the "
                + "step includes any errors or flawed logic.\n\n** Sotluion **\nA.<|im_end|>\n<|im_start|>assistant\n⟨0⟩"
                + "correct<|im_end|>\n<|im_start|>user\nB.<|im_end|>\n<|im_start|>assistant\n⟨1⟩correct<|im_end|>\n"
        ),
    ]

    @Test func `every family is in the table`() {
        #expect(Set(Self.plain.map(\.0)) == Set(Family.allCases))
    }

    @Test(arguments: plain)
    func `a rollout becomes what the authors' code makes of it`(family: Family, expected: String) throws {
        #expect(try ToyTemplate(family).text("Q?", ["A.", "B."]) == expected)
    }

    @Test func `skywork reads every line and keeps a step's last`() throws {
        #expect(try ToyTemplate(.skywork).text("Q", ["a\nb", ""]) == "<|im_start|>Q\na\n⟨⟩b\n⟨0⟩\n⟨1⟩")
    }

    @Test func `Llama-3 trims contents, and without dates has no system turn of its own`() throws {
        let template = try ToyTemplate(.rlhflow, chat: ChatFormat(.llama3))
        let expected =
            "<|begin_of_text|>\(Self.header("user"))Q?  A.<|eot_id|>\(Self.header("assistant"))⟨0⟩+<|eot_id|>"
            + "\(Self.header("user"))B.<|eot_id|>\(Self.header("assistant"))⟨1⟩+<|eot_id|>"
        #expect(try template.text(" \n\u{1F}Q?", [" A.\u{A0}", "\tB.\n\n"]) == expected)
    }

    @Test(arguments: [
        ("\nA", "\n<think>\n\n</think>\n\nA"), ("<think>\nwhy\n</think>\n\nA", "\n<think>\nwhy\n</think>\n\nA"),
        ("why</think>A\n", "\n<think>\nwhy\n</think>\n\nA\n"),
    ])
    func `Qwen3's chat puts a block of thought before the answer`(answer: String, expected: String) throws {
        let template = try ToyTemplate(.sequenceClassification, chat: ChatFormat(.thinkingChatML))
        #expect(try template.text("Q", [answer]).hasSuffix("assistant\(expected)<|im_end|>\n⟨0⟩"))
    }

    @Test func `an outcome model reads in front of padding`() throws {
        let template = try ToyTemplate(.sequenceClassification, chat: ChatFormat(.llama3), padding: "<|eot_id|>")
        #expect(try template.text("Q", ["A"]).hasSuffix("A⟨0⟩<|eot_id|>"))
    }

    @Test func `a step that brings its label keeps it`() throws {
        let text = try ToyTemplate(.mathShepherd).text("Q", ["Step 1: a", "Step 1: b"])
        #expect(text == "<|begin_of_text|>Q Step 1: a ки⟨0⟩\nStep 2: Step 1: b ки⟨1⟩")
    }

    /// The whole string would lose the marker there: the spaces beside it merge with it.
    @Test(arguments: [Family.versaPRM, .mathPSA, .mathShepherd])
    func `white space beside a marker costs no step`(family: Family) throws {
        let template = try ToyTemplate(family)
        for steps in [["a ", "b"], ["a", "\n\nb"], ["a\n", " \n b\n"], ["", ""], [" ", "\n\n\n\n"]] {
            let text = try template.text("Q \n", steps)
            #expect(text.contains("⟨0⟩") && text.contains("⟨1⟩"), "\(steps)")
        }
    }

    @Test func `a step that contains the marker is refused, a prompt is read as plain text`() throws {
        let template = try ToyTemplate(.mathShepherd)
        let steps = try Steps(.list(["a", "b ки c"]), separator: "\n")
        #expect(throws: ScoringError.markerInStep(step: 1)) { try template.template.render(.text("Q"), steps: steps) }
        let text = try template.text("Q ки ки", ["a"])
        #expect(text == "<|begin_of_text|>Q ки ки Step 1: a ки⟨0⟩")
        let rendering = try template.template.render(.text("Q ки"), steps: Steps(.list(["a"]), separator: "\n"))
        let marker = rendering.sequence.ids[rendering.sequence.readPositions[0]]
        #expect(rendering.sequence.ids.count { $0 == marker } == 1)
    }

    @Test func `an empty step is refused where nothing follows it`() throws {
        let steps = try Steps(.list(["a", ""]), separator: "\n")
        let template = try ToyTemplate(.reasonEval).template
        #expect(throws: ScoringError.emptyStep(step: 1)) { try template.render(.text("Q"), steps: steps) }
    }
}
