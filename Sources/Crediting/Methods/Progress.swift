// What each step adds to the chance of a right answer, as a value model sees it.

extension Method {
    static let progress: [Method] = [
        Method(
            "progress",
            formula: "g_t = V_t - V_{t-1}; R = sum g = V_n - V_0",
            source: "Rewarding Progress, arXiv 2410.08146, with V of one model",
            mark: .secondary,
            options: values
        ) { choice in
            lines(
                read(choice),
                [.then(.diff(start(choice)), as: "credit"), .sum(as: "reward"), .tokens(of: "credit")]
            )
        },
        Method(
            "pav",
            formula: "V = 1 - (1 - v)^K; g_t = V_t - V_{t-1}; r_t = R + alpha g_t",
            source: "PAV, Rewarding Progress, arXiv 2410.08146",
            mark: .secondary,
            note: "alpha is 0.2 to 0.6 in beam search and up to 5 in RL. Inferred: the mean of r as the rollout's "
                + "number.",
            options: values + [
                .number("k", 4, 1...1e6, "The prover is the best of k."),
                .weight("alpha", 5, "Of progress beside the outcome."), outcomePlace,
            ]
        ) { choice in
            lines(
                read(choice),
                [.map(.bestOf(choice.number("k"))), .then(.diff(start(choice)), as: "progress")],
                effective(choice),
                [.tokens(of: "credit")]
            )
        },
        Method(
            "progress_aware",
            aliases: ["elfadeel"],
            formula: "r_t = R + alpha (V_t - V_{t-1}); A_t = r_t - mean over the prompt's steps; a token's: A H/mean H",
            source: "ElFadeel, Progress-Aware Reward Model (a note); credit-methods.md 4.1",
            mark: .inferred,
            note: "The note's formulas are not public; this is the reading of its three levels.",
            options: values + [
                .weight("alpha", 1, "Of progress beside the outcome."), outcomePlace,
                .word("tokens", ["entropy", "even"], "even: a step's advantage on each of its tokens."),
            ]
        ) { choice in
            lines(
                read(choice),
                [.then(.diff(start(choice)), as: "progress")],
                effective(choice),
                [.then(.centre(Centre(.mean)), of: "credit", as: "advantage")],
                choice.word("tokens") == "even"
                    ? [.tokens(of: "advantage")]
                    : [
                        .then(.tokens(.span, optional: false), as: "even"),
                        .read(.tokenEntropy),
                        .then(.scale(.mean(.rollout))),
                        .map(.times("even"), as: "tokens"),
                    ]
            )
        },
    ]

    private static let values: [MethodOption] = [
        .word("of", ["value", "rewards"], "n + 1 values, or a value model's rewards."),
        .word(
            "start",
            ["before", "first", "constant"],
            "What stands before the first step: the value there (of `value`), the first itself, or `init`."
        ),
        .weight("init", 0.5, "The constant before the first step."),
    ]

    private static let outcomePlace = MethodOption.word(
        "outcome",
        ["all", "last"],
        "Whether the outcome is part of every step's reward or of the last one's."
    )

    private static func read(_ choice: Choice) -> [Instruction] {
        [choice.word("of") == "value" ? .read(.value) : .read(.rewards, scale: .probability)]
    }

    private static func start(_ choice: Choice) -> Start {
        switch choice.word("start") {
        case "first": .first
        case "constant": .constant(choice.number("init"))
        default: .before
        }
    }

    private static func effective(_ choice: Choice) -> [Instruction] {
        let place: Term.Place = choice.word("outcome") == "last" ? .last : .all
        return [
            .read(.outcome, as: "verified"),
            .mix([Term("progress", choice.number("alpha")), Term("verified", to: place)], as: "credit"),
            .then(.pool(Pooled(.mean)), as: "reward"),
        ]
    }
}
