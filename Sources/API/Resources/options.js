// The options of a method: their fields, what was changed, and what the server says of one.
import { at } from "./service.js";

/** A number as JSON has it; all else is sent as a word, for the server to judge. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

let options = [];

/** A field for each option, with what it is where nothing else is said. */
export function layOutOptions(all) {
    options = all;
    at("options").replaceChildren(...options.map((option) => {
        const [box, label, hint] = ["div", "label", "p"].map((tag) => document.createElement(tag));
        const field = document.createElement(option.values ? "select" : "input");
        for (const word of option.values ?? []) field.append(new Option(word, word, word === option.default));
        if (!option.values) [field.value, field.autocomplete, field.spellcheck] = [unsaid(option), "off", false];
        [field.name, field.id, label.htmlFor] = [option.name, `option-${option.name}`, `option-${option.name}`];
        label.textContent = option.name;
        [hint.textContent, hint.className, hint.id] = [option.meaning, "hint", `hint-${option.name}`];
        field.setAttribute("aria-describedby", hint.id);
        box.append(label, field, hint);
        return box;
    }));
}

const unsaid = ({ default: value }) => [value].flat().join(", ");

/** The options that were changed, each as the JSON of its value. */
export function changed() {
    const fields = [...at("options").querySelectorAll("[name]")];
    const ones = options.map((option, index) => [option, fields[index].value.trim()]);
    return ones.filter(([option, text]) => text !== "" && text !== unsaid(option)).map(([option, text]) => {
        const parts = Array.isArray(option.default) ? text.split(/\s*,\s*/) : [text];
        const values = parts.map((part) => (!option.values && NUMBER.test(part) ? part : JSON.stringify(part)));
        return [option.name, Array.isArray(option.default) ? `[${values.join(",")}]` : values[0]];
    });
}

/** Says at an option's field what is wrong with it; whether the failure names one. */
export function showAtOption({ field: path, message }) {
    const field = [...at("options").querySelectorAll("[name]")].find(({ name }) => path === `method.${name}`);
    if (!field) return false;
    const words = document.createElement("p");
    words.className = "failure";
    words.role = "alert";
    words.textContent = message;
    field.ariaInvalid = "true";
    field.parentElement.append(words);
    return true;
}
