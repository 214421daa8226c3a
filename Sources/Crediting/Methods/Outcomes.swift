// One reward a rollout against the others of its prompt.

extension Method {
    static let outcomes: [Method] = [
        outcome(
            "grpo",
            formula: "A = (R - mean)/(std + eps)",
            source: "GRPO, arXiv 2402.03300; verl",
            options: standardOptions()
        ) { $0.standard().of("reward", as: "advantage") },
        outcome(
            "dr_grpo",
            aliases: ["mean_norm"],
            formula: "A = R - mean",
            source: "Dr.GRPO; verl",
            options: [.singleton(.raw)]
        ) { [.then(.centre(Centre(.mean, singleton: $0.singleton)), of: "reward", as: "advantage")] },
        outcome(
            "rloo",
            formula: "A = R - mean of the others = n/(n-1) (R - mean)",
            source: "RLOO, arXiv 2402.14740; verl",
            options: [.singleton(.raw)]
        ) { [.then(.centre(Centre(.others, singleton: $0.singleton)), of: "reward", as: "advantage")] },
        outcome(
            "maxrl",
            formula: "A = (R - mean)/(mean + eps)",
            source: "MaxRL, code seen",
            options: [.epsilon]
        ) { choice in
            [
                .then(.scale(.mean(.prompt, epsilon: choice.number("epsilon"))), of: "reward"),
                .then(.centre(Centre(.mean, singleton: .zero)), as: "advantage"),
            ]
        },
        Method(
            "reinforce_pp_baseline",
            formula: "A = R - mean of the prompt, then (A - mean)/sqrt(var + 1e-8) over all tokens of the batch",
            source: "REINFORCE++ with baseline; verl",
            mark: .verified,
            note: "The advantage is that before the tokens of the batch are whitened; tokens are whitened."
        ) { _ in
            lines(
                [
                    .read(.outcome, as: "reward"),
                    .then(.centre(Centre(.mean)), as: "advantage"),
                    .then(.contribution(.all), as: "credit"),
                    .then(.tokens(.span, optional: true), of: "advantage"),
                ],
                Standard.whitened.of(as: "tokens")
            )
        },
        Method(
            "grpo_process",
            aliases: ["grpo_ps", "process"],
            formula: "r~ = (r - mean)/(std + eps) over all steps of the prompt; A_t = sum of r~ from t on",
            source: "GRPO, arXiv 2402.03300 4.1.3",
            mark: .verified,
            options: [
                .scale("given"), .word("of", ["rewards", "external"], "Which step rewards."),
            ] + standardOptions()
        ) { choice in
            lines(
                [choice.word("of") == "external" ? .read(.external) : .read(.rewards, scale: choice.scale)],
                choice.standard().of(as: "credit"),
                [.suffixSum(as: "advantage"), .tokens(of: "advantage")]
            )
        },
        Method(
            "gdpo",
            formula: "A_d = (R_d - mean)/(std + eps) of each dimension; sum_d c_d A_d; then whitened over the batch",
            source: "GDPO, as in SIOP's core_algos.py",
            mark: .verified,
            note: "Whitened over the rollouts; the code does it over their tokens.",
            options: [
                MethodOption(
                    name: "weights",
                    kind: .numbers(most: Program.mostTerms),
                    standard: .numbers([1, 1]),
                    meaning: "One for each of `dimensions`."
                )
            ] + standardOptions()
        ) { choice in
            let weights = choice.numbers("weights")
            var program: [Instruction] = []
            for index in weights.indices {
                program.append(.read(.dimension, index: index, as: "raw\(index)"))
                program += choice.standard().of(as: "norm\(index)")
            }
            program.append(.mix(weights.enumerated().map { Term("raw\($0)", $1) }, as: "reward"))
            program.append(.mix(weights.enumerated().map { Term("norm\($0)", $1) }))
            return lines(program, Standard.whitened.of(as: "advantage"), everywhere)
        },
        outcome(
            "ttrl",
            of: .answerMajority,
            formula: "R = 1 where the answer is the prompt's most frequent, else 0; A as GRPO",
            source: "TTRL, as in SIOP's code",
            options: standardOptions()
        ) { $0.standard().of("reward", as: "advantage") },
        outcome(
            "empo",
            of: .answerShare,
            formula: "R = share of the prompt's answers that equal this one; A as GRPO",
            source: "EMPO, as in SIOP's code",
            options: standardOptions(),
            note: "Answers are equal where their texts are; the paper clusters them by meaning."
        ) { $0.standard().of("reward", as: "advantage") },
    ]

    /// The advantage at every step and token.
    static let everywhere: [Instruction] = [
        .then(.contribution(.all), of: "advantage", as: "credit"), .tokens(of: "advantage"),
    ]

    private static func outcome(
        _ name: String,
        of source: Source = .outcome,
        aliases: [String] = [],
        formula: String,
        source paper: String,
        options: [MethodOption],
        note: String? = nil,
        advantage: @escaping @Sendable (Choice) -> [Instruction]
    ) -> Method {
        Method(
            name,
            aliases: aliases,
            formula: formula + "; at every step and token",
            source: paper,
            mark: .verified,
            note: note,
            options: options
        ) { lines([.read(source, as: "reward")], advantage($0), everywhere) }
    }
}
