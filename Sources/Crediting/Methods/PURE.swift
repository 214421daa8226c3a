// PURE: the minimum to come, softly, as published and as its codes have it.

extension Method {
    static let pure: [Method] = [
        Method(
            "pure",
            formula: "w = softmax(-r/T), r* = w r; with a baseline and the outcome, A_t = sum from t on",
            source: "PURE, arXiv 2504.15275, and its code; credit-methods.md 2",
            mark: .verified,
            note: "tokens are rewards at the steps' ends, before they are summed up; with baseline padded they are "
                + "verl's advantages, whitened as by its adv_norm unless `whiten` is none. A rollout without an outcome has the process part alone.",
            options: [
                .temperature(0.1),
                .scale("margin"),
                .word(
                    "baseline",
                    ["none", "token", "step", "padded"],
                    "Leave-one-out: none; token (train_pure.sh): others' reward a token; step: mean of the others' "
                        + "reward a step; padded (verl): others' returns by the padded length."
                ),
                .weight("outcome_weight", 1, "Of the outcome against the others', at the last step."),
                whiten,
            ],
            instructions: instructions
        ),
        Method(
            "pure_strict",
            aliases: ["suffix_min"],
            formula: "G_t = min of r from t on; R = G_1",
            source: "PURE's strict min-form, arXiv 2504.15275; credit-methods.md 2.4",
            mark: .verified,
            note: "Its code lets the zeros of other tokens join the minimum: never above 0.",
            options: [
                .scale("margin"),
                .word("form", ["paper", "code"], "code: capped at 0."),
                .word("baseline", ["none", "padded"], "padded (verl): less the others' returns by the padded length."),
                whiten,
            ]
        ) { choice in
            var program: [Instruction] = [
                .read(.rewards, scale: choice.scale, as: "score"),
                .then(.pool(Pooled(.min)), as: "reward"),
            ]
            if choice.word("form") == "code" {
                program += [
                    .then(.scan(Scan(.min, .suffix)), of: "score"), .map(.clip(from: nil, to: 0), as: "credit"),
                ]
            } else {
                program.append(.then(.scan(Scan(.min, .suffix)), of: "score", as: "credit"))
            }
            return program + (choice.word("baseline") == "padded" ? padded("credit", choice) : [.tokens(of: "credit")])
        },
    ]

    private static let whiten = MethodOption.word(
        "whiten",
        ["batch", "none"],
        "With baseline padded, by verl's adv_norm: (x - mean)/sqrt(var + 1e-8) over all tokens."
    )

    private static func instructions(_ choice: Choice) -> [Instruction] {
        let baseline = choice.word("baseline")
        var program: [Instruction] = [
            .read(.rewards, scale: choice.scale),
            .then(.weights(Weights(.softmin, temperature: choice.number("temperature"))), as: "weight"),
            .then(.pool(Pooled(.weighted)), as: "reward"),
            .then(.contribution(.weighted(of: nil)), of: "weight", as: "credit"),
        ]
        switch baseline {
        case "token": program.append(.then(.centre(Centre(.otherTokens)), as: "process"))
        case "step": program.append(.then(.centre(Centre(.otherMeans)), as: "process"))
        default: program.append(.mix([Term("credit")], as: "process"))
        }
        // verl adds the bare outcome; the main branch solved - 1 against the others of the prompt.
        if baseline == "padded" {
            program.append(.read(.outcome, optional: true, as: "verified"))
        } else {
            program += [
                .read(.outcome, optional: true), .map(.affine(1, plus: -1)),
                .then(.centre(Centre(.others)), as: "verified"),
            ]
        }
        program += [
            .mix(
                [Term("process"), Term("verified", choice.number("outcome_weight"), to: .last, optional: true)],
                as: "shaped"
            ),
            .suffixSum(as: "advantage"),
        ]
        return program + (baseline == "padded" ? padded("advantage", choice) : [.tokens(of: "shaped", .stepEnd)])
    }

    /// verl's core_algos.py: b = sum of the others' token returns / ((n - 1) padded length).
    private static func padded(_ from: String, _ choice: Choice) -> [Instruction] {
        let isWhitened = choice.word("whiten") == "batch"
        return lines(
            [
                .then(.tokens(.span, optional: false), of: from),
                .then(.centre(Centre(.otherPadded)), as: isWhitened ? nil : "tokens"),
            ],
            isWhitened ? Standard.whitened.of(as: "tokens") : []
        )
    }
}
