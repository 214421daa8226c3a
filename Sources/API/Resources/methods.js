// Lists the methods, runs the one that is picked over the rollouts, and tells how to ask for the same.
//
// All maths is the server's. Whatever came from outside goes in by textContent; the policy of Page.swift makes the
// browser refuse every other way.
import { example } from "./examples.js";
import { list, mark } from "./list.js";
import { changed, layOutOptions, showAtOption } from "./options.js";
import { again, begin, pause } from "./player.js";
import { Refusal, ask, askForKey, at, command, curl } from "./service.js";
import { drawOperators, drawOutputs, drawTexts } from "./stage.js";

/** Milliseconds without a change before the server is asked. */
const DEBOUNCE = 150;
const MARKS = {
    verified: "Read in the paper or in its authors' code.",
    secondary: "Read in the words or the code of others.",
    inferred: "No source states it: our own reading.",
};

let methods = [], method = null;
/** The rollouts that the page wrote itself; what differs from them is the reader's own. */
let given = "";
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
    for (const place of ["failure", "key-failure", "method-failure", "rollouts-failure"]) at(place).hidden = true;
    for (const failure of at("options").querySelectorAll(".failure")) failure.remove();
    for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Shows in words what went wrong, at the field that it names. */
function show(failure) {
    pause();
    if (failure.status === 401) return askForKey();
    at("answer").hidden = true;
    if (showAtOption(failure)) return;
    const isOfRollouts = failure.field?.startsWith("rollouts") ?? false;
    const place = isOfRollouts ? "rollouts-failure" : method ? "method-failure" : "failure";
    if (isOfRollouts) {
        at("rollouts-details").open = true;
        at("rollouts").ariaInvalid = "true";
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
    const isOwn = at("rollouts").value !== given;
    method = chosen;
    describe();
    layOutOptions(method.options);
    if (!isOwn) writeExample();
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
    const lists = { required: inputs.required, optional: inputs.optional, aliases };
    for (const [place, names] of Object.entries(lists)) {
        at(place).textContent = names.join(", ");
        at(place).parentElement.hidden = names.length === 0;
    }
}

function writeExample() {
    const options = Object.fromEntries(changed().map(([name, value]) => [name, JSON.parse(value)]));
    at("rollouts").value = given = example(method, options);
}

// Running

/** The body of /v1/credit; the rollouts go in as they are, so that no number in them is rounded on the way. */
const body = (rollouts, word) => `{${word},\n "rollouts": ${rollouts.trim()}}`;

function methodWord() {
    const members = [["name", JSON.stringify(method.id)], ...changed()];
    if (members.length === 1) return `"method": ${members[0][1]}`;
    return `"method": {${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}

/** Runs the method as it stands; `light` says from where on its operators are shown. */
async function run(signal, light = again) {
    const [text, word] = [at("rollouts").value, methodWord()];
    const rollouts = parsed(text);
    const { program, data } = await ask("v1/credit", body(text, `${word}, "trace": true`), signal);
    const names = data.map(({ id, index }) => String(id ?? index));
    const starts = rollouts.map((rollout) => startsOf(rollout ?? {}));
    drawTexts(rollouts.map((rollout) => rollout ?? {}), names);
    drawOperators(program, data, names, starts);
    drawOutputs(program, data, names, starts);
    writeCommands(text, word, program);
    at("answer").hidden = false;
    light();
}

function parsed(text) {
    let rollouts, why = "";
    try {
        rollouts = JSON.parse(text);
    } catch (error) {
        why = ` ${error.message}`;
    }
    if (Array.isArray(rollouts)) return rollouts;
    throw new Refusal(`This is not a list of rollouts in JSON.${why}`, 0, "rollouts");
}

/** At which tokens the steps of a rollout begin, which was accepted with these spans. */
const startsOf = ({ token_spans: spans }) => (Array.isArray(spans) ? spans.map(([start]) => start) : []);

function writeCommands(text, word, program) {
    const operators = program.map((operator) => JSON.stringify(operator)).join(",\n  ");
    const [byName, byProgram] = [body(text, word), body(text, `"program": [\n  ${operators}]`)];
    const commands = [
        ["By its name", byName], ["As the program that it stands for", byProgram],
        ["By its name, by curl", curl("v1/credit", byName)],
        ["As the program, by curl", curl("v1/credit", byProgram)],
    ];
    at("curls").replaceChildren(...commands.map(([title, text]) => command(title, text)));
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
at("options").addEventListener("input", () => {
    if (at("rollouts").value === given) writeExample();
    soon(run);
});
at("rollouts").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask-form").requestSubmit();
});
at("again").addEventListener("click", () => {
    writeExample();
    only(run);
});
only(learnMethods);
