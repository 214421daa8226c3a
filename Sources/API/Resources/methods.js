// Lists the methods, runs the one that is picked over the rollouts, and tells how to ask for the same.
//
// All maths is the server's. Whatever came from outside goes in by textContent; the policy of Page.swift makes the
// browser refuse every other way.
import { example } from "./examples.js";
import { list, mark } from "./list.js";
import { changed, layOutOptions, showAtOption } from "./options.js";
import { again, begin, pause } from "./player.js";
import { Refusal, ask, askForKey, at, command, curl } from "./service.js";
import { draw } from "./stage.js";

/** Milliseconds without a change before the server is asked. */
const DEBOUNCE = 150;
const MARKS = {
    verified: "Read in the paper or in its authors' code.",
    secondary: "Read in the words or the code of others.",
    inferred: "No source states it: our own reading.",
};

let methods = [], method = null;
/** What the page itself wrote into its two large fields; what differs is the reader's own. */
const given = { rollouts: "", program: "" };
let underway = new AbortController(), timer;

// Asking

/** Does one thing that asks the server, in the place of what was under way; failures are shown in words. */
async function only(work) {
    clearTimeout(timer);
    underway.abort();
    underway = new AbortController();
    const signal = underway.signal;
    hideFailures();
    at("answer").ariaBusy = "true";
    try {
        await work(signal);
    } catch (failure) {
        if (!signal.aborted) show(failure);
    }
    if (!signal.aborted) at("answer").ariaBusy = "false";
}

function hideFailures() {
    const places = ["failure", "key-failure", "method-failure", "program-failure", "rollouts-failure"];
    for (const place of places) at(place).hidden = true;
    for (const failure of at("options").querySelectorAll(".failure")) failure.remove();
    for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Shows in words what went wrong, at the field that it names. */
function show(failure) {
    pause();
    if (failure.status === 401) return askForKey();
    at("answer").hidden = true;
    if (showAtOption(failure)) return;
    const field = Object.keys(given).find((name) => failure.field?.startsWith(name));
    const place = field ? `${field}-failure` : method ? "method-failure" : "failure";
    if (field) {
        at(`${field}-details`).open = true;
        at(field).ariaInvalid = "true";
    }
    at(place).hidden = false;
    at(place).textContent = failure.message;
}

async function learnMethods(signal) {
    methods = (await ask("v1/methods", undefined, signal)).data;
    list(methods);
    const name = new URLSearchParams(location.search).get("method") ?? methods[0].id;
    const found = methods.find(({ id, aliases }) => id === name || aliases.includes(name));
    if (!found) throw new Refusal(`No method is called ${name}.`);
    mark(found);
    await choose(found, signal);
}

// The method

/** Shows a method, and runs it over the rollouts that are there. */
async function choose(chosen, signal) {
    method = chosen;
    describe();
    layOutOptions(method.options);
    write("program", "");
    history.replaceState(null, "", `?${new URLSearchParams({ method: method.id })}`);
    at("method").hidden = false;
    at("method-heading").scrollIntoView({ block: "nearest" });
    await run(signal, begin);
}

function describe() {
    const { id, formula, note, source, inputs, aliases } = method;
    document.title = `Linchpin: ${id}`;
    at("method-heading").textContent = id;
    at("mark").textContent = method.mark;
    at("mark").title = MARKS[method.mark] ?? "";
    at("mark").className = `badge is-${method.mark}`;
    for (const [place, text] of Object.entries({ formula: formula.replaceAll("; ", ";\n"), note, source })) {
        at(place).textContent = text ?? "";
    }
    const computed = Object.entries(inputs.computed).map(([field, models]) => {
        const way = models.includes("prm") ? ", on /v1/rewards" : "";
        return `${field} (by ${models.join(" and ")}${way})`;
    });
    const lists = { required: inputs.required, optional: inputs.optional, computed, aliases };
    for (const [place, names] of Object.entries(lists)) {
        at(place).textContent = names.join(", ");
        at(place).closest("div").hidden = names.length === 0;
    }
}

const isOwn = (name) => at(name).value !== given[name];

function write(name, text) {
    at(name).value = given[name] = text;
}

/** Rollouts with what is read by the program, or by the options that were changed. */
function writeExample(program) {
    const options = changed().map(([, value]) => JSON.parse(value));
    write("rollouts", example(method, program?.flatMap((operator) => Object.values(operator ?? {})) ?? options));
}

// Running

/** The body of /v1/credit; the rollouts go in as they are, so that no number in them is rounded on the way. */
const body = (rollouts, word) => `{${word},\n "rollouts": ${rollouts.trim()}}`;

function methodWord() {
    const members = [["name", JSON.stringify(method.id)], ...changed()];
    if (members.length === 1) return `"method": ${members[0][1]}`;
    return `"method": {${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}

/** Runs the method, or the reader's own program; `light` says from where on the operators are shown. */
async function run(signal, light = again) {
    const hasOwn = isOwn("program");
    [at("own").hidden, at("options").hidden] = [!hasOwn, hasOwn];
    const own = hasOwn ? parsed("program", "operators") : undefined;
    if (!isOwn("rollouts")) writeExample(own);
    const [text, rollouts] = [at("rollouts").value, parsed("rollouts", "rollouts")];
    const word = hasOwn ? programWord(at("program").value) : methodWord();
    const { program, data } = await ask("v1/credit", body(text, `${word}, "trace": true`), signal);
    if (!hasOwn) write("program", inLines(program));
    draw(program, data.map((item, index) => {
        const { steps, token_spans: spans } = rollouts[index] ?? {};
        return { name: String(item.id ?? item.index), item, steps, starts: startsOf(item.token_spans ?? spans) };
    }));
    writeCommands(text, hasOwn ? null : word);
    at("answer").hidden = false;
    light();
}

/** What a field has, which must be a list. */
function parsed(name, words) {
    let list, why = "";
    try {
        list = JSON.parse(at(name).value);
    } catch (error) {
        why = ` ${error.message}`;
    }
    if (Array.isArray(list)) return list;
    throw new Refusal(`This is not a list of ${words} in JSON.${why}`, 0, name);
}

/** At which tokens steps begin: the policy's own where signals were computed, or those that were sent. */
const startsOf = (spans) => (Array.isArray(spans) ? spans.map(([start]) => start) : []);

/** A program as JSON with an operator a line. */
const inLines = (program) => `[\n  ${program.map((operator) => JSON.stringify(operator)).join(",\n  ")}\n]`;

const programWord = (program) => `"program": ${program.trim()}`;

/** The same by hand: by its name, unless the program is the reader's own, and as the program. */
function writeCommands(text, word) {
    const bodies = [
        ...(word === null ? [] : [["By its name", body(text, word)]]),
        ["As the program", body(text, programWord(at("program").value))],
    ];
    const commands = bodies.map(([title, body]) => [`${title}, by curl`, curl("v1/credit", body)]);
    at("curls").replaceChildren(...[...bodies, ...commands].map(([title, text]) => command(title, text)));
}

/** Asks again once the hand rests. */
function soon(work) {
    clearTimeout(timer);
    timer = setTimeout(() => only(work), DEBOUNCE);
}

// The page itself

/** Forms ask the server; none is ever sent. */
function submit(event) {
    event.preventDefault();
    if (event.currentTarget === at("ask-form")) only(run);
    if (event.currentTarget === at("key-form")) only(method ? run : learnMethods);
}

for (const form of [at("ask-form"), at("key-form")]) form.addEventListener("submit", submit);
at("list").addEventListener("change", ({ target }) => {
    const chosen = methods.find(({ id }) => id === target.value);
    soon((signal) => choose(chosen, signal));
});
at("options").addEventListener("input", () => soon(run));
at("ask-form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask-form").requestSubmit();
});
for (const [button, field] of [["again", "rollouts"], ["method-again", "program"]]) {
    at(button).addEventListener("click", () => {
        write(field, "");
        only(run);
    });
}
only(learnMethods);
