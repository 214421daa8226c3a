// The recipe of every family, as its authors' code has it.
import Transformers

extension Family {
    /// Templates are quoted from the sources that reference/prm-zoo.md names in sections 1 and 3.
    package var profile: Profile {
        switch self {
        case .qwenPRM: qwen(system: .text(Self.qwenSystemMessage))
        // No system message is given, so that the chat template's own stands (ReasonFlux@8980b8b9).
        case .reasonFlux: qwen(system: .template)
        // The card's conversation brings the system message of the math models' own chat template.
        case .qwenRM: outcome(Self.mlp2, system: .text(Self.qwenSystemMessage))
        case .skywork:
            probability(
                TemplateRecipe(.lines, marker: "<|im_start|>"),
                .tensors(.linear(weight: "v_head.summary.weight", bias: "v_head.summary.bias")),
                .sigmoid,
                separator: "\n"
            )
        case .trl:
            probability(TemplateRecipe(.pieces, joiner: "\n"), Self.score, .softmax(1), separator: "\n")
        case .pure: pure
        case .reasonEval: reasonEval
        case .mathMinos: mathMinos
        case .sequenceClassification: outcome(Self.score)
        case .mathShepherd, .versaPRM, .mathPSA, .medPRM: textMarked
        case .rlhflow, .fover: chatTurns
        }
    }

    private static let score = HeadRecipe.tensors(.linear(weight: "score.weight", bias: "score.bias"))
    private static let mlp2 = HeadRecipe.tensors(
        .mlp2(
            first: .init(weight: "score.0.weight", bias: "score.0.bias"),
            second: .init(weight: "score.2.weight", bias: "score.2.bias")
        )
    )
    /// The card of Qwen2.5-Math-PRM-7B.
    private static let qwenSystemMessage = #"Please reason step by step, and put your final answer within \boxed{}."#

    private func probability(
        _ template: TemplateRecipe,
        _ head: HeadRecipe,
        _ reduction: Reduction,
        separator: String
    ) -> Profile {
        Profile(
            name: rawValue,
            template: template,
            head: head,
            reduction: reduction,
            separator: separator,
            semantics: .correctness,
            scale: .probability
        )
    }

    private func qwen(system: SystemTurn) -> Profile {
        probability(
            TemplateRecipe(.chatMarker, system: system, marker: "<extra_0>"),
            Self.mlp2,
            .softmax(1),
            separator: "\n\n"
        )
    }

    private func outcome(_ head: HeadRecipe, system: SystemTurn = .template) -> Profile {
        Profile(
            name: rawValue,
            template: TemplateRecipe(.chatLast, system: system, joiner: "\n\n"),
            head: head,
            reduction: .identity,
            separator: "\n\n",
            semantics: .value,
            scale: .raw
        )
    }

    /// PURE splits rollouts at blank lines and puts one newline token in their place (2504.15275).
    private var pure: Profile {
        Profile(
            name: rawValue,
            template: TemplateRecipe(.pieces, joiner: "\n"),
            head: Self.score,
            reduction: .margin,
            separator: "\n\n",
            semantics: .correctness,
            scale: .margin
        )
    }

    /// Validity, p(neutral) + p(positive), at the last token of each step (GAIR-NLP/ReasonEval, codes/examples.py).
    private var reasonEval: Profile {
        probability(
            TemplateRecipe(
                .pieces,
                promptPrefix: "Question:\n",
                promptSuffix: "\nAnswer:\nLet's think step by step.\n"
            ),
            .tensors(.linear(weight: "score_head.weight", bias: "score_head.bias")),
            .sum([1, 2]),
            separator: "\n"
        )
    }

    /// Raw logits around 0 (PRMBench, mathminos_mistral.py).
    private var mathMinos: Profile {
        Profile(
            name: rawValue,
            template: TemplateRecipe(
                .textMarker,
                promptPrefix: "Human: ",
                promptSuffix: "\n\nAssistant:",
                stepPrefix: "Step {n}: ",
                marker: " и",
                joiner: "\n"
            ),
            head: Self.score,
            reduction: .identity,
            separator: "\n",
            semantics: .correctness,
            scale: .raw
        )
    }
}

// MARK: - Families that read a language model's logits

extension Family {
    private var textMarked: Profile {
        switch self {
        case .versaPRM:
            // Class 1 of (minus, plus).
            probability(
                TemplateRecipe(.textMarker, promptSuffix: " \n\n", marker: " \n\n\n\n"),
                .candidateTokens(["-", "+"]),
                .softmax(1),
                separator: "\n\n"
            )
        case .mathPSA:
            probability(
                TemplateRecipe(.textMarker, promptSuffix: " ", marker: " \n\n\n\n\n", joiner: " "),
                .candidateTokens([" +", " -"]),
                .softmax(0),
                separator: "\n\n"
            )
        case .medPRM: medPRM
        default:
            // Math-Shepherd; its labels are Monte Carlo, "can the right answer still be reached" (2312.08935).
            probability(
                TemplateRecipe(
                    .textMarker,
                    promptSuffix: " ",
                    stepPrefix: "Step {n}: ",
                    marker: " ки",
                    joiner: "\n"
                ),
                .candidateTokens(["+", "-"]),
                .softmax(0),
                separator: "\n"
            )
        }
    }

    /// The card's rendering: the chat is written out as text and encoded with another beginning in front of its own.
    private var medPRM: Profile {
        probability(
            TemplateRecipe(
                .textMarker,
                system: .text(Self.medicalSystemMessage),
                promptPrefix: "Question: ",
                promptSuffix: "\n\nExplanation: ",
                stepPrefix: "Step {n}: ",
                marker: " ки",
                joiner: " ",
                beginnings: 2,
                isUserTurn: true
            ),
            .candidateTokens([" +", " -"]),
            .softmax(0),
            separator: "\n"
        )
    }

    /// The card of llama-3.1-medprm-reward-v1.0; contents are trimmed, so that its last space is never read.
    private static let medicalSystemMessage = """
        You are an evaluator assessing the logicality and validity of the reasoning in each step of the given \
        explanation. In order to support the evaluation, the relevant documents, the question, and the explanation are \
        provided sequentially. If the reasoning contains errors, output - after that step. If the reasoning in a step \
        is logical and valid, output + after that step.
        """

    private var chatTurns: Profile {
        switch self {
        case .fover:
            probability(
                TemplateRecipe(
                    .chatTurns,
                    promptPrefix: "** Problem **\n",
                    promptSuffix: Self.foverTask,
                    verdict: "correct"
                ),
                .candidateTokens(["incorrect", "correct"]),
                .softmax(1),
                separator: "\n"
            )
        default:
            probability(
                TemplateRecipe(.chatTurns, promptSuffix: " ", verdict: "+"),
                .candidateTokens(["+", "-"]),
                .softmax(0),
                separator: "\n\n"
            )
        }
    }

    /// As published, misspelling and all (psunlpgroup/FoVer, src/prm/preprocessing.py): the model was trained on it.
    private static let foverTask = """


        ** Task **
        Your task is to evaluate the accuracy of each step in the provided solution to the above question. For each \
        step, respond with "correct" if the reasoning is logically valid and mathematically sound, or if the step is a \
        general statement or transition that does not contain reasoning. Respond with "incorrect" if the step includes \
        any errors or flawed logic.

        ** Sotluion **

        """
}
