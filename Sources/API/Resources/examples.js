// Three rollouts of one problem, with everything that any method reads.
//
// The numbers are made up to tell a story: a is right; b goes wrong at its second step; c begins wrong and mends it.

const ROLLOUTS = [
    {
        id: "a",
        steps: ["12 + 7 = 19", "19 * 2 = 38", "38 - 5 = 33"],
        rewards: [0.97, 0.94, 0.92],
        outcome: 1,
        answer: "33",
        group: "q1",
        turns: [0, 1, 2],
        states: ["12", "19", "38"],
        token_spans: [[0, 2], [2, 5], [5, 7]],
        signals: {
            value: [0.5, 0.7, 0.85, 0.97],
            answer_logprob: [-2.0, -1.2, -0.6, -0.1],
            external: [1, 0.8, 1],
            dimensions: [1, 0.9],
            token_logprob: [-0.2, -0.1, -0.6, -0.3, -0.1, -0.4, -0.1],
            teacher_logprob: [-0.1, -0.1, -0.4, -0.2, -0.1, -0.2, -0.1],
            token_entropy: [0.8, 0.2, 1.4, 0.6, 0.1, 0.9, 0.2],
            logratio: [0.3, 0.1, 0.5, 0.2, 0.1, 0.4, 0.2],
            pivot: 1,
        },
    },
    {
        id: "b",
        steps: ["12 + 7 = 19", "19 * 2 = 36", "36 - 5 = 31"],
        rewards: [0.96, 0.12, 0.2],
        outcome: 0,
        answer: "31",
        group: "q1",
        parent: "a",
        turns: [0, 1, 2],
        states: ["12", "19", "36"],
        token_spans: [[0, 2], [2, 5], [5, 7]],
        signals: {
            value: [0.5, 0.7, 0.15, 0.04],
            answer_logprob: [-2.0, -1.2, -1.9, -2.4],
            external: [1, 0, 0.4],
            dimensions: [0, 0.7],
            token_logprob: [-0.2, -0.1, -1.6, -1.1, -0.4, -0.5, -0.2],
            teacher_logprob: [-0.1, -0.1, -2.8, -2.2, -0.9, -0.6, -0.3],
            token_entropy: [0.7, 0.2, 2.3, 1.7, 0.5, 1.0, 0.3],
            logratio: [0.2, 0.1, -0.9, -0.6, -0.2, -0.3, -0.1],
            pivot: 1,
        },
    },
    {
        id: "c",
        steps: ["12 + 7 = 20", "No: 12 + 7 = 19", "19 * 2 = 38", "38 - 5 = 33"],
        rewards: [0.15, 0.9, 0.93, 0.95],
        outcome: 1,
        answer: "33",
        group: "q1",
        parent: "a",
        turns: [0, 0, 1, 2],
        states: ["12", "12", "19", "38"],
        token_spans: [[0, 2], [2, 5], [5, 7], [7, 9]],
        signals: {
            value: [0.5, 0.2, 0.65, 0.85, 0.96],
            answer_logprob: [-2.0, -2.3, -1.3, -0.7, -0.2],
            external: [0, 0.9, 0.8, 1],
            dimensions: [1, 0.4],
            token_logprob: [-0.9, -1.3, -1.8, -0.5, -0.2, -0.7, -0.1, -0.3, -0.1],
            teacher_logprob: [-1.2, -2.1, -1.0, -0.3, -0.1, -0.4, -0.1, -0.2, -0.1],
            token_entropy: [1.1, 1.9, 2.6, 0.9, 0.3, 1.2, 0.2, 0.8, 0.1],
            logratio: [-0.2, -0.7, 0.9, 0.4, 0.2, 0.3, 0.1, 0.3, 0.1],
            pivot: 1,
        },
    },
];

/** What reads better otherwise: there right is 1 and wrong is -1. */
const OTHERWISE = {
    grounded_prm: [
        { outcome: 1, external: [1, 1, 1] }, { outcome: -1, external: [1, -1, -1] },
        { outcome: 1, external: [-1, 1, 1, 1] },
    ],
};

/** The field that a word of a program reads, where it is called otherwise. */
const READ_BY = {
    dimension: "dimensions", answer_share: "answer", answer_majority: "answer", after_pivot: "pivot", turn: "turns",
    state: "states", tree: "parent", tokens: "token_spans", step: "token_spans",
};

/** The example as JSON: of its fields what the method and these words read, and the steps' texts to look at. */
export function example(method, words) {
    const names = [...method.inputs.required, ...method.inputs.optional, ...words.map((word) => READ_BY[word] ?? word)];
    const fields = new Set(["id", "steps", "group", ...names]);
    const rollouts = ROLLOUTS.map((rollout, index) => {
        const values = { ...rollout, ...rollout.signals, ...OTHERWISE[method.id]?.[index] };
        const entries = Object.entries(values).filter(([name]) => fields.has(name));
        const isSignal = ([name]) => Object.hasOwn(rollout.signals, name);
        const signals = entries.filter(isSignal);
        return [
            ...entries.filter((entry) => !isSignal(entry)),
            ...(signals.length > 0 ? [["signals", Object.fromEntries(signals)]] : []),
        ];
    });
    return inLines(rollouts);
}

/** A field a line: short enough to be changed by hand. */
function inLines(rollouts) {
    const written = (value) => JSON.stringify(value).replaceAll(/,(?=["\d[-])/g, ", ");
    const member = ([name, text]) => `"${name}": ${text}`;
    const signals = (values) => {
        const texts = Object.entries(values).map(([name, numbers]) => member([name, written(numbers)]));
        return `{${texts.join(",\n     ")}}`;
    };
    const texts = rollouts.map((entries) => {
        const members = entries.map(([name, value]) => [name, name === "signals" ? signals(value) : written(value)]);
        return `{${members.map(member).join(",\n   ")}}`;
    });
    return `[\n  ${texts.join(",\n  ")}\n]`;
}
