// Asks the server, says in words why it refused, and shows how to ask the same by hand.

export const at = (id) => document.getElementById(id);

/** A refusal in words, with its status, 0 where no answer came, and the field that it names. */
export class Refusal extends Error {
    constructor(message, status = 0, field = null) {
        super(message);
        this.status = status;
        this.field = field;
    }
}

/** The JSON that a path answers to a JSON text, or to GET; a Refusal says why not, also where every item failed. */
export async function ask(path, body, signal) {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (at("key").value) headers.Authorization = `Bearer ${at("key").value}`;
    const method = body === undefined ? "GET" : "POST";
    let response, text, answer;
    try {
        response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
        text = await response.text();
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Refusal("The server did not answer. It may be stopped, or out of this browser's reach.");
    }
    try {
        answer = JSON.parse(text);
    } catch {
        throw new Refusal(`Something answered ${response.status}, but not as Linchpin does.`, response.status);
    }
    const items = answer.data ?? [];
    const error = answer.error ?? (items.every((item) => item.error) ? items[0]?.error : undefined);
    if (error) throw new Refusal(inWords(error, response), response.status, error.param);
    // Whoever is answered has a key that is good, or needs none.
    at("key-form").hidden = true;
    return answer;
}

function inWords(error, response) {
    const wait = response.headers.get("Retry-After");
    const id = response.headers.get("X-Request-Id");
    const places = [error.param && `field ${error.param}`, `code ${error.code}`, id && `request ${id}`];
    return `${error.message}${wait ? ` Try again in ${wait} s.` : ""} (${places.filter(Boolean).join(", ")})`;
}

/** Shows the field for a key, since there is none or the server does not know it. */
export function askForKey() {
    at("key-form").hidden = false;
    at("key-failure").hidden = at("key").value === "";
    at("key-failure").textContent = "The server does not know this key.";
    at("key").select();
}

// By hand

/** A word of the shell that means exactly this text. */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl(path, body) {
    const address = quoted(new URL(path, document.baseURI).href);
    const key = at("key").value ? ` -H "Authorization: Bearer $LINCHPIN_KEY"` : "";
    return `curl ${address}${key} -H 'Content-Type: application/json' -d ${quoted(body)}`;
}

/** A text to take along, under its title and with a button that copies it. */
export function command(title, text) {
    const section = at("curl-template").content.cloneNode(true);
    section.querySelector("h3").textContent = title;
    section.querySelector("pre").ariaLabel = title;
    section.querySelector("code").textContent = text;
    section.querySelector("button").ariaLabel = `Copy: ${title}`;
    section.querySelector("button").addEventListener("click", copy);
    return section;
}

async function copy({ currentTarget: button }) {
    const code = button.closest(".curl").querySelector("code");
    try {
        await navigator.clipboard.writeText(code.textContent);
        button.ariaLabel = button.textContent = "Copied";
    } catch {
        // Browsers have no clipboard for a plain http address other than this machine's: the text is marked instead.
        getSelection().selectAllChildren(code);
        button.ariaLabel = button.textContent = "Press Ctrl + C";
    }
}
