// What an operator of a program does, in a few words, and from which others it takes.
import { figure } from "./figures.js";

const named = (scope = "prompt") => (scope === "batch" ? "request" : scope);
/** Whose statistics: those of a prompt are the common case. */
const of = (scope) => (["turn", "position", "state"].includes(scope) ? `the prompt's ${scope}` : `the ${named(scope)}`);
const terms = (list) => list.map(({ of: name, coefficient = 1, to, optional }) => {
    const factor = coefficient === 1 ? "" : `${coefficient} × `;
    return `${factor}${name}${to === "last" ? " at the last" : ""}${optional ? ", where there is one" : ""}`;
}).join(" + ");

const MAPPINGS = {
    affine: ({ a = 1, b = 0 }) => [
        { 1: "x", [-1]: "−x" }[a] ?? `${a} x`, ...(b === 0 ? [] : [b < 0 ? "−" : "+", Math.abs(b)]),
    ].join(" "),
    clip: ({ low, high }) => `x, from ${low ?? "−∞"} to ${high ?? "∞"}`,
    exp: () => "exp(x)",
    log: ({ epsilon = 0 }) => (epsilon === 0 ? "log(x)" : `log(x + ${epsilon})`),
    sigmoid: () => "1 / (1 + exp(−x))",
    threshold: ({ at }) => `1 where x ≥ ${at}, else 0`,
    best_of: ({ k }) => `1 − (1 − x)^${k}`,
    absolute: () => "|x|",
    power: ({ exponent }) => `x^${exponent}`,
    times: (operator) => `x × ${operator.with}`,
    least: (operator) => `min(x, ${operator.with})`,
    most: (operator) => `max(x, ${operator.with})`,
};
const SCANS = { sum: "sum", min: "lowest", max: "highest", keep: "x until the first 0" };
const WEIGHTS = {
    uniform: () => "w = 1/n",
    softmin: ({ temperature }) => `w = softmax(−x / ${temperature})`,
    hardmin: () => "w = 1 at the first minimum",
    last: () => "w = 1 at the last",
    reciprocal: () => "w ~ 1/x",
    linear_decay: () => "w = (N − i) / N², i from 0",
};
const POOLS = {
    weighted: () => "Σ w x", sum: () => "Σ x", mean: () => "mean of x", min: () => "lowest x", max: () => "highest x",
    last: () => "the last x", product: () => "Π x", geometric_mean: () => "(Π x)^(1/n)",
    softmin: ({ temperature }) => `−T log mean exp(−x / T), T = ${temperature}`,
};
const CONTRIBUTIONS = { all: "x at every step", last: "x at the last step" };
const CENTRES = {
    mean: "the mean", others: "the mean of the others", other_means: "the mean of the other rollouts' means",
    rloo: "the others' means, leave-one-out", other_tokens: "the others' reward a token",
    other_padded: "the others' sum by the padded length", tree: "what parent and siblings have",
};
const held = (name, epsilon = 1e-6) => (epsilon === 0 ? name : `(${name} + ${epsilon})`);
const DIVISORS = {
    std: ({ epsilon, epsilon_inside: inside }) => held(inside ? `√(var + ${inside})` : "std", epsilon),
    mean: ({ epsilon }) => held("mean", epsilon),
    max_abs: () => "the largest", max_abs_return: () => "the largest return", sqrt_remaining: () => "√(how many remain)",
};
const DIFFERENCES = { before: "what was before the first step", first: "the first itself" };

const WORDS = {
    read: ({ of: source, scale }) => source + (scale ? `, on the scale ${scale}` : ""),
    map: (operator) => MAPPINGS[operator.by](operator),
    mask: ({ where }) => `x, only where ${where} is not 0`,
    select: ({ share, scope = "batch" }) => `1 for the highest ${figure(100 * share)} % of ${of(scope)}, else 0`,
    scan: ({ by, direction, discount }) => {
        const way = direction === "suffix" ? "from here on" : "so far";
        const fading = discount === undefined ? "" : `, × ${discount} a step`;
        return by === "keep" ? SCANS.keep : `${SCANS[by]} ${way}${fading}`;
    },
    diff: ({ init }) => `x less the x before; the first less ${DIFFERENCES[init] ?? init}`,
    weights: (operator) => WEIGHTS[operator.by](operator) + (operator.sum === "count" ? ", times how many" : ""),
    pool: (operator) => POOLS[operator.by](operator) + (operator.over === "step" ? ", over each step's tokens" : ""),
    contribution: (operator) => CONTRIBUTIONS[operator.to] ?? `w ${operator.of ?? "x"}`,
    mix: (operator) => terms(operator.terms),
    centre: ({ by, scope, share }) => `x − ${CENTRES[by]}, over ${of(scope)}`
        + (share === undefined ? "" : `, share ${share}`),
    scale: (operator) => `x / ${DIVISORS[operator.by](operator)}`
        + (operator.by === "sqrt_remaining" ? "" : `, over ${of(operator.scope)}`),
    tokens: ({ layout }) => (layout === "span" ? "x at each token of its step" : "x at the last token of its step"),
};

/** A few words; none for an operator that this page does not know yet, whose JSON stands beside it. */
export function words(operator) {
    try {
        return WORDS[operator.op](operator);
    } catch {
        return "";
    }
}

/** The places of the operators that each one takes from. */
export function sources(program) {
    const places = new Map();
    return program.map((operator, index) => {
        const names = [operator.from, operator.with, operator.where, ...(operator.terms ?? []).map((term) => term.of)];
        if (operator.op === "contribution") names.push(operator.of);
        const taken = names.filter(Boolean).map((name) => places.get(name));
        const startsAnew = operator.from || operator.op === "read" || operator.op === "mix";
        if (!startsAnew && index > 0) taken.unshift(index - 1);
        if (operator.as) places.set(operator.as, index);
        return [...new Set(taken.filter((place) => place !== undefined))];
    });
}
