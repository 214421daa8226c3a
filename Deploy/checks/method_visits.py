"""What a person does on the page at /methods, and whether it shows what the API answers to the same."""

import json

from server import check
from visits import fill

# Each card's rows as the page writes them: [name, cells]; a cell is [number, weight, reason], null where it has none.
SHOWN = """((cards) => cards.map((card) => [...card.querySelectorAll('tbody tr')].map((row) => [
    row.cells[0].textContent, [...row.cells].slice(1).filter((cell) => !cell.matches('.beyond')).map((cell) =>
        ['value', 'share', 'reason'].map((part) => cell.querySelector(`.${part}`)?.textContent ?? null))])))"""
CARDS = f"{SHOWN}([...document.querySelectorAll('#operators > li')])"
OUTPUTS = f"{SHOWN}([document.getElementById('outputs')])[0]"
# The answer is there, and it is that of the method in the address; or the page says why not.
READY = """(() => {
    const alerts = [...document.querySelectorAll('[role=alert]')].some((alert) => alert.checkVisibility());
    const picked = new URLSearchParams(location.search).get('method') === %s;
    return alerts || (picked && document.getElementById('answer').ariaBusy === 'false'
        && !document.getElementById('answer').hidden);
})()"""
ASKED = "[document.getElementById('method-heading').textContent, document.getElementById('rollouts').value]"
ALERTS = """[...document.querySelectorAll('[role=alert]')].filter((alert) => alert.checkVisibility())
    .map((alert) => alert.textContent)"""


def visit(browser, server, query="", path="/methods"):
    browser.open(f"http://{server.host}:{server.port}{path}{query}")
    browser.until(
        f"{ALERTS}.length > 0 || document.getElementById('answer').ariaBusy === 'false'"
        " || !document.getElementById('key-form').hidden", "the page asks /v1/methods"
    )


def written(browser, field, value):
    """This list, or text, in the place of the page's own `rollouts` or `program`, run by Ctrl + Enter."""
    browser.see(f"document.getElementById('{field}-details').open = true")
    fill(browser, **{field: value if isinstance(value, str) else json.dumps(value)})
    browser.see(f"document.getElementById('{field}').focus()")
    browser.see("document.getElementById('answer').ariaBusy = 'true'")
    browser.press("Enter", 2)
    browser.until("document.getElementById('answer').ariaBusy === 'false'", "the rollouts are run")


def change(browser, name):
    browser.see("document.getElementById('answer').ariaBusy = 'true'")
    browser.see(f"document.getElementById('{name}').dispatchEvent(new Event('input', {{bubbles: true}}))")
    browser.until("document.getElementById('answer').ariaBusy === 'false'", f"{name} is followed")


def same(browser, server, options=None, program=None):
    """Every operator's numbers, what comes out and the program are those of the API; of rollouts that did not fail."""
    name, text = browser.see(ASKED)
    asked = {"method": {"name": name, **(options or {})}} if program is None else {"program": program}
    status, answer = server.post("/v1/credit", {"rollouts": json.loads(text), **asked, "trace": True})
    check(status == 200, f"{asked}: {answer}")
    failed = [item for item in answer["data"] if item["object"] == "error"]
    answer["data"] = [item for item in answer["data"] if item["object"] != "error"]
    cards = browser.see(CARDS)
    check(len(cards) == len(answer["program"]), f"{name} has a card for each operator: {len(cards)}")
    names = [str(item["index"] if item["id"] is None else item["id"]) for item in answer["data"]]
    for index, rows in enumerate(cards):
        check([row[0] for row in rows] == names, f"{name}, operator {index}: a row for each rollout: {rows}")
        for (_, cells), item in zip(rows, answer["data"], strict=True):
            entry = item["trace"][index]
            known = [[entry["before"], None, None]] if "before" in entry else []
            shares = entry.get("weights", [None] * len(entry["values"]))
            known += map(list, zip(entry["values"], shares, reasons(entry), strict=True))
            alike(cells, known, f"{name}, operator {index}")
    check_outputs(browser.see(OUTPUTS), answer, name)
    commands = browser.see("[...document.querySelectorAll('#curls code')].map((code) => code.textContent)")
    check(len(commands) == (4 if program is None else 2), f"{name}: by name and as the program: {commands}")
    for command in commands[: len(commands) // 2]:
        status, again = server.post("/v1/credit", command.encode())
        check(status == 200, f"{name}: what the page shows is refused: {again}")
        bare = [{key: value for key, value in item.items() if key != "trace"} for item in answer["data"]]
        bare = sorted(bare + failed, key=lambda item: item["index"])
        check(again["data"] == bare, f"{name}: by name and by program it is the same: {command}")


def reasons(entry):
    known = [None] * len(entry["values"])
    for first, end, reason in entry.get("reasons", []):
        known[first:end] = [reason] * (end - first)
    return known


def alike(cells, known, what):
    """Whether cells show these (value, weight, reason), to the four digits that the page writes."""
    check(len(cells) == len(known), f"{what}: a cell for each number: {cells}, {known}")
    for (number, weight, reason), (value, share, why) in zip(cells, known):
        check(reason == why, f"{what}: {number} says {reason}, the API {why}")
        check((number == "none") == (value is None), f"{what}: {value} is shown as {number}")
        if value is None:
            continue
        check(close(number, value), f"{what}: {value} is shown as {number}")
        check(share is None or close(weight.removeprefix("w "), share), f"{what}: weight {share} is shown as {weight}")


def close(text, value):
    return abs(float(text) - value) <= 5.01e-4 * abs(value)


def check_outputs(shown, answer, name):
    """The last rows: each result of each step, and each token's; the reasons are those of the operator that made it."""
    made = [operator.get("as") for operator in answer["program"]]
    for item in answer["data"]:
        wanted = {}
        for key in ("weight", "credit", "advantage"):
            if item["steps"] and key in item["steps"][0]:
                wanted[key] = [step[key] for step in item["steps"]]
        for key in item["steps"][0].get("values", {}) if item["steps"] else ():
            wanted[key] = [step["values"][key] for step in item["steps"]]
        if item["steps"] and item["steps"][0]["reason"] == "not_computed":
            wanted.pop("credit", None)
        if "token_credit" in item:
            wanted["tokens"] = item["token_credit"]
        rows, shown = shown[: len(wanted)], shown[len(wanted) :]
        found = dict(rows)
        check(found.keys() == wanted.keys(), f"{name}: what comes out is {list(wanted)}, not {list(found)}")
        for key, values in wanted.items():
            entry = item["trace"][len(made) - 1 - made[::-1].index(key)]
            known = zip(values, [None] * len(values), reasons(entry), strict=True)
            alike(found[key], list(known), f"{name}, {key}")
    check(shown == [], f"{name}: and nothing else comes out: {shown}")


def said_as(browser, server, words, field):
    """The alert begins with the server's message, and the field is marked."""
    status, answer = server.post("/v1/credit", {"rollouts": json.loads(browser.see(ASKED)[1]), **words})
    alerts = browser.see(ALERTS)
    check(status != 200 and len(alerts) == 1, f"it is refused, and said once: {answer} {alerts}")
    check(alerts[0].startswith(answer["error"]["message"]), f"{alerts} has the words of {answer}")
    marked = browser.see("[...document.querySelectorAll('[aria-invalid=true]')].map((field) => field.id)")
    check(marked == ([field] if field else []), f"the field is marked: {marked}, not {field}")
