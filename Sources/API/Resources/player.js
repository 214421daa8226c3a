// Lights up one operator after another: where it stands, and who moves it.
import { at } from "./service.js";

/** Milliseconds that an operator stands in the light. */
const BEAT = 900;

const still = matchMedia("(prefers-reduced-motion: reduce)");
/** How many operators have run; what comes out counts as one more. */
let place = 0, timer = null;

const cards = () => [...at("operators").children, at("results")];

/** Begins with new cards: from the first one on, or all of them where nothing is to move. */
export function begin() {
    pause();
    at("place").max = cards().length;
    if (still.matches) return go(cards().length);
    go(0);
    play();
}

/** The same operators over other numbers: it stays where it was, and goes on if it was on its way. */
export function again() {
    const isAtEnd = place === Number(at("place").max);
    if (place === 0 || still.matches) return begin();
    at("place").max = cards().length;
    go(isAtEnd ? cards().length : place);
}

/** Shows the first `count` cards; the last of them is the one in the light. */
function go(count, follows = false) {
    const all = cards();
    place = Math.min(Math.max(count, 0), all.length);
    const current = all[place - 1];
    const takes = current?.dataset.takes?.split(" ") ?? [];
    all.forEach((card, index) => {
        card.classList.toggle("is-coming", index >= place);
        card.classList.toggle("is-now", card === current);
        card.classList.toggle("is-source", takes.includes(String(index)));
        card.ariaCurrent = card === current ? "step" : null;
    });
    at("place").value = place;
    at("place").ariaValueText = words(current);
    tell();
    if (follows) current?.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
}

/** Says where it stands; aloud neither at each beat nor beside the slider, which says the same of itself. */
function tell() {
    at("status").ariaLive = timer || document.activeElement === at("place") ? "off" : "polite";
    at("status").textContent = words(cards()[place - 1]);
}

function words(current) {
    const count = at("operators").children.length;
    if (!current) return `${count} operators`;
    if (current === at("results")) return `All ${count} operators have run`;
    return `Operator ${place - 1}, ${current.querySelector(".op").textContent}: ${place} of ${count}`;
}

function play(follows = false) {
    at("play").textContent = "Pause";
    timer = setInterval(() => {
        go(place + 1, follows);
        if (place === cards().length) pause();
    }, BEAT);
    if (place === cards().length) go(0, follows);
}

export function pause() {
    const wasPlaying = timer !== null;
    clearInterval(timer);
    timer = null;
    at("play").textContent = "Play";
    if (wasPlaying) tell();
}

function move(count) {
    pause();
    go(count, true);
}

/** The arrow keys, wherever they have no other meaning. */
function key(event) {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const isElsewhere = event.target !== document.body && !event.target.closest("#answer");
    if (!way || isElsewhere || at("answer").hidden || event.target === at("place") || isScrolling(event.target)) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    move(place + way);
}

const isScrolling = (element) => element.matches(".frame, pre") && element.scrollWidth > element.clientWidth;

function follow() {
    at("play").hidden = still.matches;
    if (still.matches && timer) move(cards().length);
}

at("first").addEventListener("click", () => move(0));
at("back").addEventListener("click", () => move(place - 1));
at("next").addEventListener("click", () => move(place + 1));
at("last").addEventListener("click", () => move(cards().length));
at("place").addEventListener("input", () => move(at("place").valueAsNumber));
at("play").addEventListener("click", () => (timer ? pause() : play(true)));
document.addEventListener("keydown", key);
still.addEventListener("change", follow);
follow();
