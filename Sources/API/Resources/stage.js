// Draws what each operator made of the rollouts: a card an operator, a row a rollout, a column a step.
import { figure, measure, range } from "./figures.js";
import { sources, words } from "./operators.js";
import { at } from "./service.js";

/** What of a large request is drawn; the answer itself has all of it. */
const MOST_ROWS = 16;
const MOST_COLUMNS = 64;

const made = (tag, text, kind) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
};

/** Values with the reasons of theirs, which come as [first, end, reason). */
function cellsOf(values, runs = [], weights = []) {
    const cells = values.map((value, index) => ({ value, weight: weights[index] }));
    for (const [first, end, reason] of runs) {
        for (const cell of cells.slice(first, end)) cell.reason = reason;
    }
    return cells;
}

/** Where a table is wider than its frame, the frame can have the focus: not every browser makes it so by itself. */
const scrolling = new ResizeObserver((entries) => {
    for (const { target } of entries) {
        if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
    }
});

/** All of an answer: of each rollout its name, its texts, at which tokens its steps begin, and what came of it. */
export function draw(program, rollouts) {
    scrolling.disconnect();
    drawTexts(rollouts);
    drawOperators(program, rollouts.filter(({ item }) => !item.error));
    drawOutputs(program, rollouts);
}

/** The texts of the steps, where the rollouts have some. */
function drawTexts(rollouts) {
    const rows = rollouts.map(({ name, steps }) => ({
        name,
        cells: (Array.isArray(steps) ? steps : []).map((text) => ({ text: typeof text === "string" ? text : "" })),
    }));
    const hasText = rows.some((row) => row.cells.length > 0);
    at("texts").replaceChildren(...(hasText ? [table("step", rows, false, "What the steps say")] : []));
}

/** One card an operator. */
function drawOperators(program, rollouts) {
    const taken = sources(program);
    const hasBefore = rollouts.some(({ item }) => item.trace.some((entry) => entry.before !== undefined));
    at("operators").replaceChildren(...program.map((operator, index) => {
        const card = described(operator);
        card.dataset.takes = taken[index].join(" ");
        card.querySelector(".number").textContent = index;
        card.querySelector(".takes").textContent = origin(program, index, taken[index][0]);
        const { kind } = rollouts[0]?.item.trace[index] ?? {};
        const rows = rollouts.map(({ name, item, starts }) => {
            const { values, reasons, weights, before } = item.trace[index];
            return { name, cells: cellsOf(values, reasons, weights), before, starts: kind === "tokens" ? starts : [] };
        });
        const label = `Operator ${index}, ${operator.op}`;
        card.querySelector(".grid").append(table(singular(kind), rows, hasBefore && kind === "steps", label));
        return card;
    }));
}

function described(operator) {
    const card = at("operator-template").content.cloneNode(true).firstElementChild;
    card.querySelector(".op").textContent = operator.op;
    card.querySelector(".words").textContent = words(operator);
    card.querySelector(".name").textContent = operator.as ? `→ ${operator.as}` : "";
    card.querySelector(".json code").textContent = inOneLine(operator);
    return card;
}

/** JSON that may be broken between its members. */
const inOneLine = (value) => JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");

const singular = (kind) => ({ steps: "step", tokens: "token" })[kind] ?? "rollout";

/** Where its x is from, unless that is the operator before or its words say so. */
function origin(program, index, place) {
    if (place === undefined || place === index - 1 || program[index].op === "mix") return "";
    return `x is from ${place}, ${program[place].as ?? program[place].op}`;
}

/** What the answer has of each rollout in the end, one under the other; a kind of number has one measure for all. */
function drawOutputs(program, rollouts) {
    const steps = rollouts.map(({ item }) => (item.error ? [] : outputs(program, item)));
    const numbers = Map.groupBy(steps.flat(), ({ name }) => name);
    const measures = new Map([...numbers].map(([name, rows]) => [name, ends(rows)]));
    const measureOfTokens = ends(rollouts.map(({ item }) => ({ cells: cellsOf(item.token_credit ?? []) })));
    at("outputs").replaceChildren(...rollouts.slice(0, MOST_ROWS).flatMap(({ name, item, starts }, index) => {
        // One that failed says why among those that did not.
        if (item.error) return [made("h4", name), made("p", item.error.message, "failure")];
        const parts = [made("h4", `${name}: ${sentence(item)}`)];
        const rows = steps[index].map((row) => ({ ...row, ends: measures.get(row.name) }));
        if (rows.length > 0) parts.push(table("step", rows, false, `${name}, its steps`));
        if (item.token_credit) {
            const cells = cellsOf(item.token_credit, item.token_reasons);
            const row = { name: "tokens", cells, starts, ends: measureOfTokens };
            parts.push(table("token", [row], false, `${name}, its tokens`));
        }
        return parts;
    }));
}

/** A row for each result that the answer has a number of for each step; the reasons are those of its operator. */
function outputs(program, { steps, trace }) {
    const results = program.map((operator) => operator.as);
    const names = new Set(steps.flatMap((step) => [...Object.keys(step), ...Object.keys(step.values ?? {})]));
    // A step's reward is what was read, not what came out.
    return [...names].filter((name) => name !== "reward" && results.includes(name)).map((name) => {
        const { values, reasons } = trace[results.lastIndexOf(name)];
        const known = cellsOf(values, reasons);
        const number = (step) => step[name] ?? step.values?.[name] ?? null;
        return { name, cells: steps.map((step, index) => ({ value: number(step), reason: known[index]?.reason })) };
    });
}

function sentence({ reward, reason, advantage, advantage_reason, values, token_credit }) {
    const said = (name, value, why) => `${name} ${figure(value)}${why ? ` (${why})` : ""}`;
    const parts = reason === "not_computed" ? [] : [said("reward", reward, reason)];
    if (advantage !== undefined) parts.push(said("advantage", advantage, advantage_reason));
    for (const [name, value] of Object.entries(values ?? {})) parts.push(said(name, value));
    return parts.join(", ") || (token_credit ? "credit of its tokens alone" : "no number of its own");
}

/** Rows under the heads of their columns, which may be wider than the screen; `label` is what they are of. */
function table(unit, rows, hasBefore, label) {
    const shown = rows.slice(0, MOST_ROWS);
    const longest = shown.reduce((most, { cells }) => Math.max(most, cells.length), 0);
    const columns = Math.min(longest, MOST_COLUMNS);
    const drawn = made("table", undefined, `of-${unit}`);
    drawn.ariaLabel = label;
    const heads = drawn.createTHead().insertRow();
    heads.append(made("th", unit === "rollout" ? "" : unit));
    if (hasBefore) heads.append(made("th", "before"));
    for (let column = 0; column < columns; column += 1) heads.append(made("th", unit === "rollout" ? "whole" : column));
    for (const head of heads.cells) head.scope = "col";
    const body = drawn.createTBody();
    const reach = ends(rows);
    for (const row of shown) body.append(line(row, columns, hasBefore, row.ends ?? reach));
    return framed(drawn, rows.length - shown.length, longest - columns);
}

/** From where to where the bars of these rows can reach. */
function ends(rows) {
    const numbers = rows.flatMap(({ cells, before }) => [before, ...cells.map((cell) => cell.value)]);
    const [lowest, highest] = range("", numbers);
    return [numbers.some((number) => number < 0) ? lowest : 0, highest];
}

/** Scrolls in itself; says what it does not show. */
function framed(drawn, rows, columns) {
    const frame = made("div", undefined, "frame");
    [frame.role, frame.ariaLabel] = ["region", drawn.ariaLabel];
    frame.append(drawn);
    scrolling.observe(frame);
    const hidden = [rows > 0 && `${rows} rollouts`, columns > 0 && `${columns} columns`].filter(Boolean).join(" and ");
    if (hidden) frame.append(made("p", `${hidden} more are in the answer.`, "hint"));
    return frame;
}

function line({ name, cells, before, starts = [] }, columns, hasBefore, reach) {
    const drawn = made("tr");
    const head = made("th", name);
    head.scope = "row";
    head.dir = "auto";
    head.title = name;
    drawn.append(head);
    if (hasBefore) drawn.append(before === undefined ? made("td", "", "beyond") : place({ value: before }, reach));
    for (let column = 0; column < columns; column += 1) {
        const cell = cells[column] ? place(cells[column], reach) : made("td", "", "beyond");
        cell.style.setProperty("--column", column);
        cell.classList.toggle("begins", starts.includes(column));
        drawn.append(cell);
    }
    return drawn;
}

/** One cell: a text, or a number with its bar, its weight and its reason. */
function place({ text, value, weight, reason }, reach) {
    const cell = made("td");
    if (text !== undefined) {
        cell.append(made("span", text, "said"));
        cell.dir = "auto";
        return cell;
    }
    const isAbsent = value === null;
    cell.classList.toggle("absent", isAbsent);
    cell.append(made("span", figure(value), "value"));
    if (!isAbsent) {
        const bar = made("span", undefined, "bar");
        bar.append(made("i"));
        bar.ariaHidden = "true";
        measure(bar, value, reach);
        cell.append(bar);
        if (weight !== undefined) cell.append(made("small", `w ${figure(weight)}`, "share"));
    }
    if (reason) cell.append(made("small", reason, "reason"));
    return cell;
}
