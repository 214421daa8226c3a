// Rewards that two language models make by the ratio of their chances.

extension Method {
    static let implicit: [Method] = [
        Method(
            "implicit_prm",
            formula: "r_t = beta sum over the step's tokens of log(policy/reference); R = sum r (or min r)",
            source: "Implicit PRM, arXiv 2412.01981",
            mark: .secondary,
            note: "EurusPRM ranks by the minimum; reduce mean is SWEET-RL's and AgentPRM's.",
            options: [
                beta, reduce, .word("aggregate", ["sum", "min"], "The rollout's number."),
            ]
        ) { choice in
            lines(
                stepRatios(choice),
                [choice.word("aggregate") == "min" ? .then(.pool(Pooled(.min)), as: "reward") : .sum(as: "reward")],
                [.tokens(of: "credit", .stepEnd)]
            )
        },
        Method(
            "prime",
            formula: "q = log(policy/reference) a token, by max |sum of q from k on| of the batch; "
                + "A = 5 (n q - sum of the rollouts' mean q)/(n-1) + the outcome's RLOO at the last token; summed "
                + "from k on and whitened over the batch",
            source: "PRIME's code, PRIME-RL/PRIME dp_prime.py and core_algos.py",
            mark: .verified,
            note: "The paper multiplies by beta, which the division cancels.",
            options: [
                .weight("rm_weight", 5, "Of the implicit rewards."),
                .weight("outcome_weight", 1, "Of the outcome where rollouts have one."),
                .word("norm", ["batch_norm", "none"], "The division by the largest return."),
                .word("whiten", ["batch", "none"], "The last step of the formula."),
            ]
        ) { choice in
            var program: [Instruction] = [
                .read(.logratio, as: "ratio"),
                .then(.pool(Pooled(.sum, over: .step, optional: true)), as: "credit"),
                .sum("ratio", as: "reward"),
            ]
            if choice.word("norm") == "batch_norm" {
                program.append(.then(.scale(.by(.largestReturn, .batch)), of: "ratio", as: "scaled"))
            }
            program += [
                .then(.centre(Centre(.rloo)), of: program.last?.name == "scaled" ? nil : "ratio", as: "process"),
                .read(.outcome, optional: true),
                .then(.centre(Centre(.others)), as: "verified"),
                .mix([
                    Term("process", choice.number("rm_weight")),
                    Term("verified", choice.number("outcome_weight"), to: .last, optional: true),
                ]),
            ]
            guard choice.word("whiten") == "batch" else { return program + [.suffixSum(as: "tokens")] }
            return lines(program, [.suffixSum()], Standard.whitened.of(as: "tokens"))
        },
        Method(
            "istar",
            aliases: ["oprl"],
            formula: "r_t = beta sum over the step's tokens of log(policy/old policy); "
                + "A_t = A_outcome + alpha A_r, each (x - mean)/(std + eps) over the prompt",
            source: "iStar / OPRL, arXiv 2509.19199, and its code",
            mark: .secondary,
            note: "The code divides by the largest step of the batch (each of its rows is a step), has no std, takes "
                + "n/(n-1) (x - mean), and its mean sees the first step of each trajectory alone.",
            options: [
                beta, reduce, .weight("alpha", 1, "Of the steps beside the outcome."),
                .word("form", ["paper", "code"], "code: as the note says."),
            ]
        ) { choice in
            let isCode = choice.word("form") == "code"
            var program = lines(stepRatios(choice), [.read(.outcome, as: "reward")])
            if isCode {
                program += [
                    .then(.centre(Centre(.others)), as: "episode"),
                    .then(.scale(.by(.largest, .batch)), of: "credit"),
                    .then(.centre(Centre(.others, sample: .first)), as: "step"),
                ]
            } else {
                program += Standard().of(as: "episode") + Standard().of("credit", as: "step")
            }
            return program + [
                .mix([Term("episode"), Term("step", choice.number("alpha"))], as: "advantage"),
                .tokens(of: "advantage"),
            ]
        },
    ]

    private static let beta = MethodOption.weight("beta", 0.05, "Multiplies the log-ratio.")
    private static let reduce = MethodOption.word("reduce", ["sum", "mean"], "Over the tokens of a step.")

    private static func stepRatios(_ choice: Choice) -> [Instruction] {
        [
            .read(.logratio),
            .map(.affine(choice.number("beta"), plus: 0)),
            .then(.pool(Pooled(choice.word("reduce") == "mean" ? .mean : .sum, over: .step)), as: "credit"),
        ]
    }
}
