// Rewards of turns, subproblems and states against the same of other rollouts.

extension Method {
    static let turns: [Method] = [
        Method(
            "matchtir",
            formula: "G_t = r_t + 0.9 G_{t+1}; A_t = 0.5 (G - mean)/(std + eps) over a turn of the prompt "
                + "+ 0.5 the rollout's over the prompt",
            source: "MatchTIR's code, quchangle1/MatchTIR core_algos.py",
            mark: .verified,
            note: "Matching calls with gold calls is a text metric, so its rewards are `external`. The discount is a "
                + "step's, also of several in one turn. Inferred: the rollout's number is the sum of its rewards.",
            options: [
                .number("discount", 0.9, 0...1, "What a later turn is worth one turn before."),
                .word("trajectory", ["sum", "outcome"], "The rollout's number."),
                .weight("turn_weight", 0.5, "Of the turn's advantage."),
                .weight("group_weight", 0.5, "Of the rollout's advantage."),
            ] + standardOptions()
        ) { choice in
            lines(
                [.read(.external, as: "external")],
                [choice.word("trajectory") == "outcome" ? .read(.outcome, as: "reward") : .sum(as: "reward")],
                choice.standard().of("reward", as: "group"),
                [.suffixSum(discount: choice.number("discount"), of: "external", as: "credit")],
                choice.standard(.turn).of("credit", as: "turn"),
                [
                    .mix(
                        [Term("turn", choice.number("turn_weight")), Term("group", choice.number("group_weight"))],
                        as: "advantage"
                    ),
                    .tokens(of: "advantage"),
                ]
            )
        },
        Method(
            "scrl",
            formula: "r_t until the first 0, then 0; A_t = (r - mean)/(std + eps) over a turn of the prompt",
            source: "SCRL, arXiv 2605.22074",
            mark: .secondary,
            note: "A step is a subproblem's answer, 1 where it is right. Inferred: how many are right as the "
                + "rollout's number.",
            options: standardOptions()
        ) { choice in
            lines(
                [.read(.external), .then(.scan(Scan(.keep, .prefix)), as: "credit"), .sum(as: "reward")],
                choice.standard(.turn).of("credit", as: "advantage"),
                [.tokens(of: "advantage")]
            )
        },
        Method(
            "gigpo",
            formula: "A_t = (R - mean) + w (G_t - mean over the prompt's steps of the same state), "
                + "G_t = discounted sum of rewards from t on",
            source: "GiGPO's code, core_gigpo.py",
            mark: .verified,
            note: "Rewards are the outcome at the last step, or `external`. A state met once has 0, a rollout alone "
                + "its raw reward. Inferred: the discount.",
            options: [
                .number("discount", 0.95, 0...1, "What a later step is worth one step before."),
                .weight("step_weight", 1, "w."),
                .word("mode", ["mean_norm", "mean_std_norm"], "mean_std_norm: by std + 1e-6 too."),
                .word("of", ["outcome", "external"], "Where rewards are from."),
            ]
        ) { choice in
            let hasSpread = choice.word("mode") == "mean_std_norm"
            func against(_ scope: Scope, _ rule: SingletonRule, _ from: String, as name: String) -> [Instruction] {
                hasSpread
                    ? Standard(scope: scope, singleton: rule).of(from, as: name)
                    : [.then(.centre(Centre(.mean, scope: scope, singleton: rule)), of: from, as: name)]
            }
            let rewards: [Instruction] =
                choice.word("of") == "external"
                ? [.read(.external, as: "rewards"), .sum(as: "reward")]
                : [.read(.outcome, as: "reward"), .then(.contribution(.last), as: "rewards")]
            return lines(
                rewards,
                [.suffixSum(discount: choice.number("discount"), of: "rewards", as: "credit")],
                against(.state, .zero, "credit", as: "step"),
                against(.prompt, .raw, "reward", as: "episode"),
                [
                    .mix([Term("episode"), Term("step", choice.number("step_weight"))], as: "advantage"),
                    .tokens(of: "advantage"),
                ]
            )
        },
    ]
}
