// One number from step rewards, and each step's part of it.

extension Method {
    static let aggregates: [Method] = [
        weightedSum(
            "min",
            aliases: ["math_shepherd"],
            formula: "R = min_t s_t",
            source: "Math-Shepherd, arXiv 2312.08935; PQM is this on the scale logit",
            mark: .verified
        ) { _ in Weights(.hardmin) },
        weightedSum(
            "sws",
            aliases: ["lca"],
            formula: "w = softmax(-s/T); R = sum_t w_t s_t",
            source: "LCA, arXiv 2606.27739; the operator is PURE's, arXiv 2504.15275",
            mark: .inferred,
            note: "LCA's own equation is not public; this is its probable form.",
            options: [.temperature(0.05)]
        ) { Weights(.softmin, temperature: $0.number("temperature")) },
        weightedSum(
            "mean",
            formula: "R = (1/n) sum_t s_t",
            source: "PURE's disable_weighted_reward, arXiv 2504.15275",
            mark: .verified
        ) { _ in Weights(.uniform) },
        weightedSum(
            "last",
            aliases: ["ovm", "tvm"],
            formula: "R = s_n",
            source: "OVM; TVM, arXiv 2407.12863; The Lessons of Developing PRMs, arXiv 2501.07301",
            mark: .verified,
            note: "For models trained on value: the chance of a right answer from here."
        ) { _ in Weights(.last) },
        pooled(
            "product",
            aliases: ["lets_verify"],
            formula: "R = prod_t p_t",
            source: "Let's Verify Step by Step, arXiv 2305.20050",
            mark: .verified,
            by: .product
        ),
        pooled(
            "geometric_mean",
            formula: "R = (prod_t p_t)^(1/n)",
            source: "credit-methods.md 5",
            mark: .inferred,
            by: .geometricMean
        ),
        Method(
            "softmin",
            formula: "R = -T log((1/n) sum_t exp(-s_t/T))",
            source: "Log-sum-exp, credit-methods.md 1.4",
            mark: .inferred,
            options: [.temperature(0.05), .scale("probability")]
        ) { choice in
            let temperature = choice.number("temperature")
            return [
                .read(.rewards, scale: choice.scale, as: "score"),
                .then(.pool(Pooled(.softmin, temperature: temperature)), as: "reward"),
                .then(.weights(Weights(.softmin, temperature: temperature)), of: "score", as: "weight"),
                .then(.contribution(.weighted(of: "reward")), as: "credit"),
                .tokens(of: "credit", .stepEnd),
            ]
        },
    ]

    /// The weights' sum: credit is w_t s_t.
    private static func weightedSum(
        _ name: String,
        aliases: [String] = [],
        formula: String,
        source: String,
        mark: Mark,
        note: String? = nil,
        options: [MethodOption] = [],
        weights: @escaping @Sendable (Choice) -> Weights
    ) -> Method {
        Method(
            name,
            aliases: aliases,
            formula: formula + "; credit w_t s_t",
            source: source,
            mark: mark,
            note: note,
            options: options + [.scale("probability")]
        ) { choice in
            [
                .read(.rewards, scale: choice.scale),
                .then(.weights(weights(choice)), as: "weight"),
                .then(.pool(Pooled(.weighted)), as: "reward"),
                .then(.contribution(.weighted(of: nil)), of: "weight", as: "credit"),
                .tokens(of: "credit", .stepEnd),
            ]
        }
    }

    /// A product, which exists on chances alone; its gradient falls on the steps as 1/p_t.
    private static func pooled(
        _ name: String,
        aliases: [String] = [],
        formula: String,
        source: String,
        mark: Mark,
        by: Pooled.By
    ) -> Method {
        Method(
            name,
            aliases: aliases,
            formula: formula + "; credit R (1/p_t) / sum_u (1/p_u)",
            source: source,
            mark: mark,
            note: "How the pooled value falls on the steps is our own choice: by its gradient."
        ) { _ in
            [
                .read(.rewards, scale: .probability, as: "score"),
                .then(.pool(Pooled(by)), as: "reward"),
                .then(.weights(Weights(.reciprocal)), of: "score", as: "weight"),
                .then(.contribution(.weighted(of: "reward")), as: "credit"),
                .tokens(of: "credit", .stepEnd),
            ]
        }
    }
}
