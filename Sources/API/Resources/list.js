// The methods to pick from, under what they read, and the search among them.
import { at } from "./service.js";

/** What a method needs, from the rarest data to the most common; it stands under the first that it reads. */
const FAMILIES = [
    ["token_entropy", "Entropies of tokens"],
    ["token_logprob", "Log-probabilities of tokens"],
    ["logratio", "Log-ratios of two models"],
    ["answer_logprob", "Log-probability of the answer"],
    ["value", "Values before and after each step"],
    ["answer", "Final answers of a group"],
    ["external", "Rewards of turns or of tools"],
    ["states", "Outcomes, and how the rollouts hang together"],
    ["parent", "Outcomes, and how the rollouts hang together"],
    ["pivot", "Outcomes, and how the rollouts hang together"],
    ["rewards", "Step rewards of a PRM"],
    ["dimensions", "Outcomes of a group"],
    ["outcome", "Outcomes of a group"],
];
const OTHERS = "Other data";

let methods = [];

const familyOf = ({ inputs }) => FAMILIES.find(([field]) => inputs.required.includes(field))?.[1] ?? OTHERS;

/** Every method under its family, in the order of the families, the most common first. */
export function list(all) {
    methods = all;
    const families = [...new Set(FAMILIES.map(([, words]) => words).reverse()), OTHERS];
    at("list").replaceChildren(...families.map((family) => {
        const members = methods.filter((method) => familyOf(method) === family);
        const group = document.createElement("fieldset");
        const legend = document.createElement("legend");
        legend.textContent = family;
        group.append(legend, ...members.map(entry));
        group.hidden = members.length === 0;
        return group;
    }));
}

function entry({ id, aliases, mark }) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    [radio.type, radio.name, radio.value] = ["radio", "method", id];
    const others = document.createElement("span");
    others.className = "others";
    others.textContent = [...aliases, mark === "inferred" ? mark : ""].filter(Boolean).join(", ");
    label.className = "entry";
    label.append(radio, id, others);
    return label;
}

/** Leaves those in sight that have every word of the search. */
function search() {
    const words = at("search").value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const group of at("list").children) {
        const labels = [...group.querySelectorAll("label")];
        for (const label of labels) {
            const { program, options, ...said } = methods.find(({ id }) => id === label.control.value);
            const text = `${JSON.stringify(said)} ${group.firstElementChild.textContent}`.toLowerCase();
            label.hidden = !words.every((word) => text.includes(word));
            count += label.hidden ? 0 : 1;
        }
        group.hidden = labels.every((label) => label.hidden);
    }
    at("found").textContent = words.join("") ? `${count} of ${methods.length} methods` : "";
}

/** Marks the one that is picked, and brings it into the list's sight, but moves nothing else. */
export function mark(method) {
    const radio = [...at("list").querySelectorAll("input")].find(({ value }) => value === method.id);
    radio.checked = true;
    at("list").scrollTop = radio.offsetTop - at("list").clientHeight / 2;
}

/** From the field of the search into the list. */
function fromSearch(event) {
    if (event.key !== "ArrowDown") return;
    const shown = [...at("list").querySelectorAll("label:not([hidden])")].map((label) => label.control);
    (shown.find((radio) => radio.checked) ?? shown[0])?.focus();
    event.preventDefault();
}

function pickFirst() {
    at("list").querySelector("fieldset:not([hidden]) label:not([hidden])")?.control.click();
}

at("search").addEventListener("input", search);
at("search").addEventListener("keydown", fromSearch);
at("list-form").addEventListener("submit", (event) => {
    event.preventDefault();
    pickFirst();
});
