// Step labels of judges and tools, or thresholded rewards in their place.

extension Method {
    static let labels: [Method] = [
        Method(
            "grounded_prm",
            formula: "R = (1/N) sum_i v_i (N - i)/N + F/N, i from 0, N steps with a label; without steps R = F",
            source: "GroundedPRM's code, pipeline/MCTS/mcts.py",
            mark: .verified,
            note: "v and F are 1 or -1 from tools and judges: external and outcome.",
            options: []
        ) { _ in
            [
                .read(.external, as: "label"),
                .then(.weights(Weights(.linearDecay)), as: "weight"),
                .then(.pool(Pooled(.weighted, empty: 0)), as: "process"),
                .then(.contribution(.weighted(of: nil)), of: "weight", as: "credit"),
                .map(.affine(0, plus: 1), of: "label"),
                .sum(as: "labels"),
                .map(.clip(from: 1, to: nil)),
                .map(.power(-1), as: "share"),
                .read(.outcome),
                .map(.times("share"), as: "answer"),
                .mix([Term("process"), Term("answer")], as: "reward"),
                .tokens(of: "credit", .stepEnd),
            ]
        },
        Method(
            "capo",
            formula: "R = C y - P [any step wrong]; a step has R, a wrong one R - P; A = (x - mean)/(std + eps) over "
                + "the prompt's steps, of tokens over its tokens",
            source: "CAPO, arXiv 2508.02298, by third-party code",
            mark: .secondary,
            note: "A step is wrong below the threshold: of PRM rewards, or of critics' votes as external (the share "
                + "that says right: `intersection` is a threshold just above 0, `majority` 0.5).",
            options: [
                .word("of", ["rewards", "external"], "Which step numbers."),
                .weight("threshold", 0.5, "From which a step is right."),
                .weight("c", 2, "Of a right answer."), .weight("p", 1, "Of a wrong step."),
            ] + standardOptions()
        ) { choice in
            let penalty = choice.number("p")
            return lines(
                [choice.word("of") == "external" ? .read(.external) : .read(.rewards, scale: .probability)],
                [
                    .map(.threshold(choice.number("threshold")), as: "right"),
                    .map(.affine(-1, plus: 1), as: "wrong"),
                    .then(.pool(Pooled(.max, empty: 0)), as: "any_wrong"),
                    .read(.outcome, as: "verified"),
                    .mix([Term("verified", choice.number("c")), Term("any_wrong", -penalty)], as: "reward"),
                    .mix([Term("wrong", -penalty), Term("reward")], as: "credit"),
                ],
                choice.standard().of("credit", as: "advantage"),
                [.then(.tokens(.span, optional: true), of: "credit")],
                choice.standard().of(as: "tokens")
            )
        },
    ]
}
