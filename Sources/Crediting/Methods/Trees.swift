// Rollouts that continue others, and rollouts that weigh more than others.

extension Method {
    static let trees: [Method] = [
        Method(
            "mars2",
            formula: "b = (1 - lambda) r_parent + lambda mean of siblings; r' = r + gamma (r - b); A as GRPO of r'",
            source: "MARS2's code, TsinghuaC3I/MARTI ab_mcts_processor.py",
            mark: .verified,
            note: "With a parent or siblings alone, that one is b; with neither, r' = r. The code shapes in place, so "
                + "that a parent may be shaped before its children; here none is. Inferred: those of a prompt that "
                + "have no parent are siblings.",
            options: [
                .weight("gamma", 0.3, "How far r is moved (the allocator passes 0.5)."),
                .number("lambda", 0.5, 0...1, "The siblings' share of b."),
            ] + standardOptions()
        ) { choice in
            lines(
                [
                    .read(.outcome, as: "node"),
                    .then(.centre(Centre(.tree, share: choice.number("lambda"), singleton: .zero)), as: "surplus"),
                    .mix([Term("node"), Term("surplus", choice.number("gamma"))], as: "reward"),
                ],
                choice.standard().of("reward", as: "advantage"),
                everywhere
            )
        },
        Method(
            "r3l",
            formula: "A = R - mean; alpha where R is the best, alpha A where A > 0, else A; nothing before the pivot",
            source: "R3L, shiweijiezero/R3L, its text and its code",
            mark: .verified,
            note: "The code gives 1.0, not alpha, where R is the best. Steps before the pivot are masked.",
            options: [
                .number("alpha", 3, 1...1e9, "How much a good rollout is amplified."),
                .weight("best", 1, "From which reward on a rollout is the best."),
                .word("form", ["paper", "code"], "code: as the note says."),
                .singleton(.raw),
            ]
        ) { choice in
            let alpha = choice.number("alpha")
            return [
                .read(.outcome, as: "reward"),
                .map(.threshold(choice.number("best")), as: "solved"),
                .map(.affine(-1, plus: 1), as: "unsolved"),
                .then(.centre(Centre(.mean, singleton: choice.singleton)), of: "reward", as: "base"),
                .map(.affine(alpha, plus: 0)),
                .map(.most("base")),
                .map(.times("unsolved"), as: "other"),
                .mix(
                    [Term("other"), Term("solved", choice.word("form") == "code" ? 1 : alpha)],
                    as: "advantage"
                ),
                .then(.contribution(.all), as: "everywhere"),
                .read(.afterPivot, as: "own"),
                .then(.mask(where: "own"), of: "everywhere", as: "credit"),
                .tokens(of: "credit"),
            ]
        },
        Method(
            "scope",
            formula: "right: w ~ PPL_student^(1/T); wrong: w ~ PPL_teacher^(-1/T); both softmax over the prompt's "
                + "right, or wrong, rollouts",
            source: "SCOPE, arXiv 2604.10688, and its code, machine981/SCOPE",
            mark: .secondary,
            note:
                "Weights of rollouts. The code multiplies them by how many they are, so that they are 1 on average, and "
                + "has the student's sign reversed. Without teacher_logprob wrong rollouts have none.",
            options: [
                .temperature(1),
                .word("form", ["paper", "code"], "code: 1 on average, the student's sign reversed."),
            ]
        ) { choice in
            let isCode = choice.word("form") == "code"
            let weights = Operator.weights(
                Weights(.softmin, temperature: choice.number("temperature"), scope: .prompt, countsUp: isCode)
            )
            return [
                .read(.outcome),
                .map(.threshold(0.5), as: "right"),
                .map(.affine(-1, plus: 1), as: "wrong"),
                .read(.tokenLogprob),
                .then(.pool(Pooled(.mean))),
                .map(.affine(isCode ? -1 : 1, plus: 0)),
                .then(.mask(where: "right")),
                .then(weights, as: "student"),
                .read(.teacherLogprob, optional: true),
                .then(.pool(Pooled(.mean))),
                .map(.affine(-1, plus: 0)),
                .then(.mask(where: "wrong")),
                .then(weights, as: "teacher"),
                .mix([Term("student", optional: true), Term("teacher", optional: true)], as: "reward"),
                .then(.contribution(.all), as: "credit"),
                .tokens(of: "reward"),
            ]
        },
    ]
}
