// What each step adds to the likelihood of the right answer.

extension Method {
    static let gains: [Method] = [
        Method(
            "mig",
            formula: "h_0 = l_0, h_t = max(h_{t-1}, l_t); g_t = h_t - h_{t-1}; R = sum g; A = (R - mean)/(std + eps)",
            source: "MIG, arXiv 2602.01034 Eq. 1",
            mark: .secondary,
            note: "R = h_n - l_0, however the gain is split; a null likelihood is no progress. tokens are those of "
                + "steps alone (the paper's mask).",
            options: standardOptions()
        ) { choice in
            lines(
                [
                    .read(.answerLogprob),
                    .then(.scan(Scan(.max, .prefix))),
                    .then(.diff(.before), as: "credit"),
                    .sum(as: "reward"),
                ],
                choice.standard().of("reward", as: "advantage"),
                [.then(.contribution(.all)), .then(.tokens(.span, optional: true), as: "tokens")]
            )
        },
        igpo,
        siop,
        a2tgpo,
    ]

    private static let form = MethodOption.word(
        "form",
        ["probability", "log"],
        "Differences of exp(l), or of l."
    )

    /// g_t as credit and their sum as reward.
    private static func gains(_ choice: Choice) -> [Instruction] {
        lines(
            [.read(.answerLogprob)],
            choice.word("form") == "probability" ? [.map(.exp)] : [],
            [.then(.diff(.before), as: "credit"), .sum(as: "reward")]
        )
    }

    /// Whether the last step is the answer: its reward is then the outcome alone, and no gain.
    private static let answerTurn = MethodOption.word(
        "answer_turn",
        ["outcome", "gain"],
        "Of a rollout with an outcome the last step has that alone (the paper), or its gain too (where it is no answer)."
    )

    /// "turn": credit without that of the answer's step; "last": 1 there, else 0, and nothing without an outcome.
    private static func turns(_ choice: Choice) -> [Instruction] {
        [
            .read(.outcome, optional: true),
            .map(.affine(0, plus: 1)),
            .then(.contribution(.last), as: "last"),
            .map(.affine(0, plus: 1), of: "credit", as: "every"),
            .mix(
                [Term("every"), Term("last", choice.word("answer_turn") == "outcome" ? -1 : 0, optional: true)],
                as: "before"
            ),
            .then(.mask(where: "before"), of: "credit", as: "turn"),
        ]
    }

    private static let igpo = Method(
        "igpo",
        formula: "g_t = exp(l_t) - exp(l_{t-1}) before the last step, whose reward is the outcome; "
            + "g~ = (g - mean)/(sqrt(var + 1e-8) + 1e-6) over the prompt's gains, the outcome likewise over its "
            + "rollouts; A_t = sum of both from t on",
        source: "IGPO, arXiv 2510.14967, as SIOP's core_algos.py has it",
        mark: .verified,
        note:
            "Normalised apart (`separate`). Without an outcome the last step has its gain. The code finds gains as what "
            + "is not 0, so a true zero counts in no mean, and no discount falls on its step.",
        options: [
            form, answerTurn,
            .word("zeros", ["counted", "missing"], "missing: zero gains are in no statistics (the code)."),
            .discount, .singleton(.zero),
            .weight("outcome_weight", 1, "Of the outcome where rollouts have one."),
        ]
    ) { choice in
        let standard = Standard(spread: .population, inside: 1e-8, singleton: choice.singleton)
        let skipsZeros = choice.word("zeros") == "missing"
        return lines(
            gains(choice),
            turns(choice),
            skipsZeros ? [.then(.mask(where: "turn"))] : [],
            standard.of(as: skipsZeros ? "moved" : "gain"),
            skipsZeros ? [.mix([Term("turn", 0), Term("moved", optional: true)], as: "gain")] : [],
            [.read(.outcome, optional: true)],
            standard.of(),
            [.then(.contribution(.last))] + atLast("answer"),
            [
                .mix([
                    Term("gain", optional: true), Term("answer", choice.number("outcome_weight"), optional: true),
                ]),
                .suffixSum(discount: choice.number("discount"), as: "advantage"),
                .tokens(of: "advantage"),
            ]
        )
    }

    /// What stands at the answer's step, and nothing at the others.
    private static func atLast(_ name: String) -> [Instruction] { [.then(.mask(where: "last"), as: name)] }

    private static let a2tgpo = Method(
        "a2tgpo",
        formula:
            "g~ = (g - mean)/(std + eps) over a turn of the prompt, of gains before the last step; D_t = sum of g~ "
            + "from t on / sqrt(how many); A_t = alpha D_t + A_outcome, at the last step A_outcome; clip "
            + "c_t = 1 + 0.3 (2 sigmoid(g~_t) - 1), at the last step 1",
        source: "A2TGPO, arXiv 2605.06200, by quoted code",
        mark: .secondary,
        note: "Whether the last gain counts 1 or 0 among those that remain is not known; here it counts 1.",
        options: [
            form, answerTurn, .weight("alpha", 0.3, "Of the gains beside the outcome."), .discount,
            .weight("clip_width", 0.3, "How far the clip range is stretched."),
            .epsilon, .singleton(.zero),
        ]
    ) { choice in
        let width = choice.number("clip_width")
        let hasAnswer = choice.word("answer_turn") == "outcome"
        let standard = Standard(
            scope: .turn,
            spread: .population,
            epsilon: choice.number("epsilon"),
            singleton: choice.singleton
        )
        return lines(
            gains(choice),
            turns(choice),
            standard.of(as: "gain"),
            [.map(.sigmoid), .map(.affine(2 * width, plus: 1 - width), as: hasAnswer ? "stretched" : "clip")],
            hasAnswer
                ? [
                    .then(.mask(where: "last"), of: "last", as: "kept"),
                    .mix([Term("stretched", optional: true), Term("kept", optional: true)], as: "clip"),
                ] : [],
            [
                .suffixSum(discount: choice.number("discount"), of: "gain"),
                .then(.scale(Scaling(.remaining)), as: "later"),
                .read(.outcome),
            ],
            Standard().of(as: "verified"),
            [
                .mix(
                    [Term("later", choice.number("alpha")), Term("verified")],
                    as: hasAnswer ? "process" : "advantage"
                )
            ],
            hasAnswer ? [.then(.contribution(.last), of: "verified")] + atLast("answer") : [],
            hasAnswer
                ? [.mix([Term("process", optional: true), Term("answer", optional: true)], as: "advantage")] : [],
            [.tokens(of: "advantage")]
        )
    }

    private static let siop = Method(
        "siop",
        formula: "r_t = q [log(p_t + 1e-8) - log(p_{t-1} + 1e-8)], the last + (1 - lambda) q; one step alone: "
            + "(1 - lambda) q; r~ = (r - mean)/(std + 1e-6) over all steps of the prompt; A_t = sum of r~ from t on",
        source: "SIOP's code, dl-m9/SIOP; credit-methods.md 7.3",
        mark: .verified,
        note: "q is the share of the prompt's answers that equal this one (the code's eta = 0, answers equal by text), "
            + "or the outcome that is sent; p_t is exp(answer_logprob), or value.",
        options: [
            .word("confidence", ["answers", "outcome"], "What q is."),
            .word("of", ["answer_logprob", "value"], "What p is."),
            .number("lambda", 0.5, 0...1, "1 - lambda of q goes to the last step."),
            .singleton(.zero),
        ]
    ) { choice in
        let standard = Standard(singleton: choice.singleton, least: 1e-6, zeroSpread: .raw)
        return lines(
            [
                .read(choice.word("confidence") == "answers" ? .answerShare : .outcome, as: "confidence"),
                .map(.affine(1 - choice.number("lambda"), plus: 0)),
                .then(.contribution(.last), as: "answer"),
                .read(.stepCount),
                .map(.threshold(2), as: "several"),
                .map(.affine(-1, plus: 1), as: "alone"),
            ],
            choice.word("of") == "value" ? [.read(.value)] : [.read(.answerLogprob), .map(.exp)],
            [
                .map(.log(epsilon: 1e-8)),
                .then(.diff(.before)),
                .map(.times("confidence"), as: "gain"),
                .mix([Term("gain"), Term("answer")]),
                .then(.mask(where: "several"), as: "of_several"),
                .then(.mask(where: "alone"), of: "answer", as: "of_one"),
                .mix([Term("of_several", optional: true), Term("of_one", optional: true)], as: "credit"),
                .sum(as: "reward"),
            ],
            standard.of("credit"),
            [.suffixSum(as: "advantage"), .tokens(of: "advantage")]
        )
    }
}
