// An outcome's advantage on tokens, by how unsure the policy was there.

extension Method {
    static let entropies: [Method] = [
        entropy(
            "sepa",
            formula: "A_k max(0, 1 + b (H_k/mean H - 1)), A as GRPO, mean over the rollout",
            source: "SEPA, blog and code",
            options: [.weight("b", 0.1, "How much entropy counts.")]
        ) { choice in
            let share = choice.number("b")
            return [
                .read(.tokenEntropy), .then(.scale(.mean(.rollout))), .map(.affine(share, plus: 1 - share)),
                .map(.clip(from: 0, to: nil)), .map(.times("even"), as: "tokens"),
            ]
        },
        entropy(
            "top_entropy",
            aliases: ["top20"],
            formula: "A on the share rho of the batch's tokens whose entropy is highest; the others are masked",
            source: "80/20 rule, arXiv 2506.01939",
            options: [.number("rho", 0.2, 1e-9...1, "The share of tokens that is kept.")]
        ) { choice in
            [
                .read(.tokenEntropy), .then(.select(share: choice.number("rho"), scope: .batch), as: "high"),
                .then(.mask(where: "high"), of: "even", as: "tokens"),
            ]
        },
        entropy(
            "entropy_bonus",
            aliases: ["cheng"],
            formula: "A_k + min(alpha H_k, |A_k|/kappa), A as GRPO",
            source: "Cheng et al., arXiv 2506.14758",
            options: [
                .weight("alpha", 0.4, "Of entropy (PPO: 0.1)."),
                .number("kappa", 2, 1e-9...1e9, "The bonus is at most |A|/kappa."),
            ]
        ) { choice in
            [
                .map(.absolute, of: "even"),
                .map(.affine(1 / choice.number("kappa"), plus: 0), as: "most"),
                .read(.tokenEntropy),
                .map(.affine(choice.number("alpha"), plus: 0)),
                .map(.least("most"), as: "bonus"),
                .mix([Term("even"), Term("bonus")], as: "tokens"),
            ]
        },
        gtpo,
    ]

    private static func entropy(
        _ name: String,
        aliases: [String] = [],
        formula: String,
        source: String,
        options: [MethodOption],
        tokens: @escaping @Sendable (Choice) -> [Instruction]
    ) -> Method {
        Method(
            name,
            aliases: aliases,
            formula: formula,
            source: source,
            mark: .secondary,
            options: options + standardOptions()
        ) { choice in
            lines(
                [.read(.outcome, as: "reward")],
                choice.standard().of("reward", as: "advantage"),
                [
                    .then(.contribution(.all), as: "credit"),
                    .then(.tokens(.span, optional: true), of: "advantage", as: "even"),
                ],
                tokens(choice)
            )
        }
    }

    private static let gtpo = Method(
        "gtpo",
        formula: "right: a1 R + a2 d_k H_k / sum H_k; wrong: -a1 - a2 h_k (1/H_k) / sum (1/H_k); sums over the "
            + "prompt's right (d_k of them), or wrong (h_k), rollouts that have a k-th token",
        source: "GTPO, arXiv 2508.04349",
        mark: .secondary,
        note: "Rewards of tokens, before any advantage. Where eps stands is inferred: in the divisor, and under 1/H.",
        options: [.weight("a1", 1, "Of the outcome."), .weight("a2", 0.1, "Of entropy."), .epsilon1e8]
    ) { choice in
        let (outcome, entropy) = (choice.number("a1"), choice.number("a2"))
        let epsilon = choice.number("epsilon")
        return [
            .read(.outcome, as: "reward"),
            .map(.threshold(0.5), as: "right"),
            .map(.affine(-1, plus: 1), as: "wrong"),
            .read(.tokenEntropy, as: "entropy"),
            .then(.mask(where: "right")),
            .then(.scale(.mean(.position, epsilon: epsilon)), as: "unsure"),
            .mix([Term("unsure", entropy), Term("reward", outcome)], as: "praised"),
            .map(.affine(1, plus: epsilon), of: "entropy"),
            .map(.power(-1)),
            .then(.mask(where: "wrong")),
            .then(.scale(.mean(.position))),
            .map(.affine(-entropy, plus: -outcome), as: "blamed"),
            .mix([Term("praised", optional: true), Term("blamed", optional: true)], as: "tokens"),
        ]
    }
}

extension MethodOption {
    fileprivate static let epsilon1e8 = MethodOption.number("epsilon", 1e-8, 0...1, "Against a division by 0.")
}
