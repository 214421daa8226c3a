// Sends a rollout, draws its steps, and asks again for the credit.
//
// All maths is the server's: the page only turns answers into text and widths. Whatever came from outside goes in by
// textContent; the policy of Page.swift makes the browser refuse every other way.
import { figure, measure, range } from "./figures.js";
import { Refusal, ask, askForKey, at, command, curl } from "./service.js";

const ON_PROBABILITY_ONLY = ["product", "geometric_mean"];
const SEPARATORS = { line: "\n", blank: "\n\n" };
/** Bytes of a file that is read into the page; `linchpin score` takes files of any size. */
const MAXIMUM_FILE_BYTES = 64 * 1024 * 1024;
/** Milliseconds without a change before the credit is asked for. */
const DEBOUNCE = 150;

/** What /info says; until it came, what the API's contract says. */
let served = { credit: { pooling: "sws", temperature: 0.05, scale: "probability" }, reward_scale: "probability" };
/** The lines of the opened file; none while the rollout is written on the page. */
let lines = [];
/** The rollout that was scored last, as it was sent, and its rewards; null where that failed. */
let scored = null;
/** Ends the request that is under way: only the last one counts. */
let underway = new AbortController(), timer;

// The service

/** Does one thing that asks the server, in the place of what was under way; failures are shown in words. */
async function only(place, work) {
    clearTimeout(timer);
    underway.abort();
    underway = new AbortController();
    const signal = underway.signal;
    for (const place of ["failure", "credit-failure", "key-failure"]) at(place).hidden = true;
    at("answer").ariaBusy = "true";
    if (scored === null) at("status").textContent = "";
    try {
        await work(signal);
    } catch (failure) {
        if (!signal.aborted) show(failure, place);
    }
    if (signal.aborted) return;
    at("answer").ariaBusy = "false";
    at("answer").hidden = scored === null;
    at("nothing").hidden = scored !== null;
}

/** Shows in words what went wrong; a key that is missing is asked for. */
function show(failure, place) {
    at("status").textContent = "";
    if (failure.status === 401) {
        askForKey();
    } else {
        at(place).hidden = false;
        at(place).textContent = failure.message;
    }
}

async function learnWhatIsServed(signal) {
    served = await ask("info", undefined, signal);
    const [parameters, tokens] = [served.parameters, served.max_model_len].map((count) => count.toLocaleString("en"));
    const parts = [
        served.model, `profile ${served.profile}`, `${parameters} parameters, ${served.precision}`,
        `up to ${tokens} tokens`, `revision ${served.model_revision}`, `Linchpin ${served.version}`,
    ];
    at("served").textContent = parts.join(" · ");
    setCredit(served.credit);
}

// What is asked

/** The rollout's JSON: as it stands in the file, or as it was written. */
function rollout() {
    if (lines.length > 0) return lines[at("line").valueAsNumber - 1] ?? "";
    const separator = SEPARATORS[at("separator").value];
    return JSON.stringify({ prompt: at("prompt").value, response: at("response").value, separator });
}

function credit() {
    const pooling = document.querySelector("[name=pooling]:checked").value;
    const temperature = at("temperature").valueAsNumber;
    if (!(temperature > 0)) throw new Refusal("The temperature must be a number above 0.");
    return { pooling, temperature, scale: at("scale").value };
}

/** The settings as they stand, right or wrong. */
const knobs = () => new URLSearchParams(new FormData(at("credit"))).toString();

/** The body of /v1/rewards; the rollout is put in as it is, so that no number in it is rounded on the way. */
const rewardsBody = (rollout, credit) => `{"rollouts":[${rollout}],"credit":${JSON.stringify(credit)}}`;

function creditBody(credit) {
    const scale = served.reward_scale === "raw" ? "logit" : served.reward_scale;
    return JSON.stringify({ rollouts: [{ rewards: scored.rewards, scale }], credit });
}

async function score(signal) {
    scored = null;
    at("status").textContent = "Scoring…";
    if (!served.model) await learnWhatIsServed(signal);
    const [text, settings, before] = [rollout(), credit(), knobs()];
    const sent = parsed(text);
    const item = (await ask("v1/rewards", rewardsBody(text, settings), signal)).data[0];
    scored = { rollout: text, rewards: item.steps.map((step) => step.reward) };
    layOut(textsOf(sent, item));
    draw(item, settings);
    at("status").scrollIntoView({ block: "nearest" });
    // The knobs may have been turned while the model was at work.
    if (knobs() !== before) creditSoon();
}

function parsed(text) {
    try {
        const value = JSON.parse(text);
        if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    } catch {
        // Said below.
    }
    throw new Refusal("This line is not a rollout, which is a JSON object.");
}

/** What each step says; of a rollout of bare tokens nothing is known. */
function textsOf(sent, item) {
    const steps = sent.steps ?? sent.completions;
    const bytes = new TextEncoder().encode(sent.response ?? "");
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return item.steps.map(({ index, span }) => {
        if (steps) return steps[index];
        return span ? decoder.decode(bytes.subarray(...span)) : "";
    });
}

/** Asks for the credit once the hand rests. */
function creditSoon() {
    followScale();
    // While the model is at work nothing is scored yet: the knobs are looked at again when it is.
    if (!scored) return;
    clearTimeout(timer);
    timer = setTimeout(() => only("credit-failure", askForCredit), DEBOUNCE);
}

async function askForCredit(signal) {
    const settings = credit();
    draw((await ask("v1/credit", creditBody(settings), signal)).data[0], settings);
}

// The credit's settings

function setCredit({ pooling, temperature, scale }) {
    document.querySelector(`[name=pooling][value=${pooling}]`).checked = true;
    at("temperature").value = temperature;
    at("scale").value = scale;
    followTemperature();
    creditSoon();
}

/** The slider stands at the logarithm of what the field says. */
function followTemperature() {
    const temperature = at("temperature").valueAsNumber;
    if (temperature > 0) at("slider").value = Math.log10(temperature);
    at("slider").ariaValueText = at("temperature").value;
}

function followSlider() {
    at("temperature").value = Number((10 ** at("slider").valueAsNumber).toPrecision(2));
    followTemperature();
}

/** Two poolings exist on one scale alone. */
function followScale() {
    for (const radio of document.querySelectorAll("[name=pooling]")) {
        radio.disabled = ON_PROBABILITY_ONLY.includes(radio.value) && at("scale").value !== "probability";
        if (radio.disabled && radio.checked) document.querySelector("[name=pooling][value=sws]").checked = true;
    }
    at("pooling-hint").hidden = at("scale").value === "probability";
}

// What is shown

const share = (value) => (value === null ? "none" : `${figure(100 * value)} %`);

/** One item a step; later answers only move its bars. */
function layOut(texts) {
    const items = texts.map((text, index) => {
        const item = at("step-template").content.cloneNode(true);
        item.querySelector(".number").textContent = `Step ${index}`;
        item.querySelector(".text").textContent = text;
        return item;
    });
    at("steps").replaceChildren(...items);
}

function draw(item, settings) {
    const rewards = range(served.reward_scale, item.steps.map((step) => step.reward));
    const credits = range(settings.scale, item.steps.flatMap((step) => [step.credit, step.return]));
    item.steps.forEach((step, index) => {
        const row = at("steps").children[index];
        const isWeakest = index === item.weakest_step;
        row.classList.toggle("is-weakest", isWeakest);
        row.querySelector(".weakest").hidden = !isWeakest;
        write(row, "reward", figure(step.reward), step.reward, rewards);
        write(row, "weight", share(step.weight), step.weight, [0, 1]);
        write(row, "credit", figure(step.credit), step.credit, credits);
        write(row, "return", figure(step.return), step.return, credits);
    });
    for (const pooling of document.querySelectorAll(".pooling")) {
        const value = item.trajectory[pooling.control.value];
        pooling.querySelector(".value").textContent = value === undefined ? "" : figure(value);
    }
    describe(item, settings);
    writeCurls(settings);
}

/** Writes one of a step's lines. */
function write(row, name, words, value, ends) {
    row.querySelector(`.${name} .value`).textContent = words;
    measure(row.querySelector(`.${name} .bar`), value, ends);
}

function describe(item, settings) {
    const count = item.steps.length;
    const weakest = item.weakest_step;
    at("status").textContent =
        `${count} ${count === 1 ? "step" : "steps"}. The weakest link is step ${weakest}, with a reward of ` +
        `${figure(item.steps[weakest].reward)}. By ${settings.pooling} the chain is worth ${figure(item.reward)}.`;
}

// curl

function writeCurls(settings) {
    const commands = [
        ["Rewards and credit", curl("v1/rewards", rewardsBody(scored.rollout, settings))],
        ["The credit alone, from these rewards", curl("v1/credit", creditBody(settings))],
    ];
    at("curls").replaceChildren(...commands.map(([title, text]) => command(title, text)));
}

// Files

async function open(file) {
    if (file.size > MAXIMUM_FILE_BYTES) throw new Refusal("The file is too large for a page: linchpin score takes it.");
    lines = (await textOf(file)).replace(/(\r?\n)+$/, "").split(/\r?\n/);
    at("failure").hidden = true;
    at("file-name").textContent = file.name;
    at("line-count").textContent = lines.length;
    at("line").max = lines.length;
    at("line").value = 1;
    choose();
    at("line").focus();
}

async function textOf(file) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
        throw new Refusal("This file is not UTF-8 text.");
    }
}

/** Shows which rollout of the file is meant, or the fields where there is no file. */
function choose() {
    at("written").hidden = lines.length > 0;
    at("opened").hidden = lines.length === 0;
    if (lines.length === 0) return;
    try {
        const { prompt, messages } = parsed(rollout());
        at("preview").textContent = prompt ?? JSON.stringify(messages, null, 2) ?? "";
    } catch (failure) {
        at("preview").textContent = failure.message;
    }
}

function closeFile() {
    lines = [];
    choose();
    at("prompt").focus();
}

function drop(event) {
    // A piece of text may be dropped into a field as everywhere.
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop") opened(event.dataTransfer.files);
}

function opened([file]) {
    if (file) open(file).catch((failure) => show(failure, "failure"));
}

// The page itself

/** Forms ask the server; none is ever sent. */
function submit(event) {
    event.preventDefault();
    if (event.currentTarget === at("rollout-form")) only("failure", score);
    if (event.currentTarget === at("key-form")) only("failure", learnWhatIsServed);
}

setCredit(served.credit);
for (const form of document.forms) form.addEventListener("submit", submit);
at("rollout-form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("rollout-form").requestSubmit();
});
at("slider").addEventListener("input", followSlider);
at("temperature").addEventListener("input", followTemperature);
at("credit").addEventListener("input", creditSoon);
at("defaults").addEventListener("click", () => setCredit(served.credit));
at("line").addEventListener("input", choose);
at("file").addEventListener("change", () => {
    opened(at("file").files);
    // Else the same file, once changed, could not be chosen again.
    at("file").value = "";
});
at("close-file").addEventListener("click", closeFile);
for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, drop);
only("failure", learnWhatIsServed);
