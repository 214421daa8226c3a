// Numbers as text and as bars; what is missing is never a 0.

/** Four digits that count. */
export const figure = (value) => ((value ?? null) === null ? "none" : String(Number(value.toPrecision(4))));

/** From where to where a bar can reach: by the scale, or as far as these numbers do. */
export function range(scale, values) {
    const furthest = values.reduce((most, value) => Math.max(most, Math.abs(value ?? 0)), 0) || 1;
    // Raw numbers and logits have no end of their own.
    return { probability: [0, 1], margin: [-1, 1] }[scale] ?? [-furthest, furthest];
}

/** Draws a bar from nothing to its value. */
export function measure(bar, value, [lowest, highest]) {
    const share = (number) => (100 * (number - lowest)) / (highest - lowest);
    const [from, to] = [share(0), share(value ?? 0)];
    const filled = bar.firstElementChild;
    bar.style.setProperty("--zero", `${from}%`);
    filled.style.left = `${Math.min(from, to)}%`;
    filled.style.width = `${Math.abs(to - from)}%`;
}
