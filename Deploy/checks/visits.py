"""What a person does on the page, and what the API answers to the same."""

import json

from server import check

# What stands in each step's lines, as numbers and none.
SHOWN = """[...document.querySelectorAll('#steps li')].map((step) => Object.fromEntries(
    ['reward', 'weight', 'credit', 'return'].map((name) =>
        [name, step.querySelector(`.${name} .value`).textContent])))"""


def visit(browser, server, path="/"):
    """A fresh page of which what is served is known, or whose key is asked for."""
    browser.open(f"http://{server.host}:{server.port}{path}")
    browser.until(
        "served.textContent.includes('tokens') || !document.getElementById('key-form').hidden", "the page asks /info"
    )


def fill(browser, **fields):
    for name, value in fields.items():
        browser.see(f"document.getElementById({json.dumps(name)}).value = {json.dumps(value)}")


def settled(browser, words):
    """Waits until the status says these words, and gives the whole of it."""
    browser.until(
        f"document.getElementById('status').textContent.includes({json.dumps(words)})", f"the status says {words!r}"
    )
    return browser.see("document.getElementById('status').textContent")


def score(browser, words="weakest"):
    browser.see("document.getElementById('status').textContent = ''")
    browser.see("document.getElementById('score').click()")
    return settled(browser, words)


def failure(browser, words, place="failure"):
    browser.until(
        f"(({{hidden, textContent}}) => !hidden && textContent.includes({json.dumps(words)}))"
        f"(document.getElementById('{place}'))",
        f"the page says {words!r}",
    )


def tab_to(browser, name, modifiers=0):
    """Presses Tab until an element has the focus, and gives all that had it on the way."""
    passed = []
    for _ in range(30):
        browser.press("Tab", modifiers)
        passed.append(browser.see("document.activeElement.id || document.activeElement.name"))
        if passed[-1] == name:
            return passed
    raise SystemExit(f"FAILED: Tab does not reach {name}: {passed}")


def choose(browser, pooling):
    browser.see(f"document.querySelector('[value={pooling}]').click()")


def same(browser, steps):
    """Whether the page shows these steps' numbers, to the four digits that it writes."""
    for shown, step in zip(browser.see(SHOWN), steps, strict=True):
        for name, text in shown.items():
            value = step[name]
            if value is None:
                check(text == "none", f"a missing {name} is shown as none: {text}")
                continue
            number = float(text.removesuffix(" %")) / (100 if name == "weight" else 1)
            check(abs(number - value) <= 5.01e-4 * abs(value), f"{name} {value} is shown as {text}")


def asked(server, path, rollout, credit=None):
    """The first item of what the API answers."""
    status, answer = server.post(path, {"rollouts": [rollout], "credit": credit})
    check(status == 200, f"{path} answers {answer}")
    return answer["data"][0]


def info(server):
    return json.loads(server.get("/info")[1])


def command(browser):
    """The first of the commands on the page."""
    return browser.see("document.querySelector('#curls code').textContent")
