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
        Method(
            "a2tgpo",
            formula: "g~ = (g - mean)/(std + eps) over a turn of the prompt; D_t = sum of g~ from t on / sqrt(how "
                + "many); A_t = alpha D_t + A_outcome; clip c_t = 1 + 0.3 (2 sigmoid(g~_t) - 1)",
            source: "A2TGPO, arXiv 2605.06200, by quoted code",
            mark: .secondary,
            note: "Whether the last gain counts 1 or 0 among those that remain is not known; here it counts 1.",
            options: [
                form, .weight("alpha", 0.3, "Of the gains beside the outcome."), .discount,
                .weight("clip_width", 0.3, "How far the clip range is stretched."),
                .epsilon, .singleton(.zero),
            ]
        ) { choice in
            let width = choice.number("clip_width")
            let turns = Standard(
                scope: .turn,
                spread: .population,
                epsilon: choice.number("epsilon"),
                singleton: choice.singleton
            )
            return lines(
                gains(choice),
                turns.of("credit", as: "gain"),
                [
                    .map(.sigmoid), .map(.affine(2 * width, plus: 1 - width), as: "clip"),
                    .suffixSum(discount: choice.number("discount"), of: "gain"),
                    .then(.scale(Scaling(.remaining)), as: "later"),
                    .read(.outcome),
                ],
                Standard().of(as: "verified"),
                [
                    .mix([Term("later", choice.number("alpha")), Term("verified")], as: "advantage"),
                    .tokens(of: "advantage"),
                ]
            )
        },
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

    private static let igpo = Method(
        "igpo",
        formula: "g_t = exp(l_t) - exp(l_{t-1}); g~ = (g - mean)/(sqrt(var + 1e-8) + 1e-6) over all steps of the "
            + "prompt, the outcome likewise over its rollouts and at the last step; A_t = sum of both from t on",
        source: "IGPO, arXiv 2510.14967, as SIOP's core_algos.py has it",
        mark: .verified,
        note: "Normalised apart (`separate`). The code finds gains as what is not 0, so a true zero counts in no mean.",
        options: [
            form,
            .word("zeros", ["counted", "missing"], "missing: zero gains are in no statistics (the code)."),
            .discount, .singleton(.zero),
            .weight("outcome_weight", 1, "Of the outcome where rollouts have one."),
        ]
    ) { choice in
        var standard = Standard(
            spread: .population,
            inside: 1e-8,
            singleton: choice.singleton,
            sample: choice.word("zeros") == "missing" ? .nonzero : .all
        )
        let gain = standard.of("credit", as: "gain")
        standard.sample = .all
        return lines(
            gains(choice),
            gain,
            [.read(.outcome, optional: true)],
            standard.of(as: "verified"),
            [
                .mix([Term("gain"), Term("verified", choice.number("outcome_weight"), to: .last, optional: true)]),
                .suffixSum(discount: choice.number("discount"), as: "advantage"),
                .tokens(of: "advantage"),
            ]
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
                .map(.affine(1 - choice.number("lambda"), plus: 0), as: "answer"),
                .read(.stepCount),
                .map(.threshold(2), as: "several"),
            ],
            choice.word("of") == "value" ? [.read(.value)] : [.read(.answerLogprob), .map(.exp)],
            [
                .map(.log(epsilon: 1e-8)),
                .then(.diff(.before)),
                .map(.times("confidence")),
                .map(.times("several"), as: "gain"),
                .mix([Term("gain"), Term("answer", to: .last)], as: "credit"),
                .sum(as: "reward"),
            ],
            standard.of("credit"),
            [.suffixSum(as: "advantage"), .tokens(of: "advantage")]
        )
    }
}
