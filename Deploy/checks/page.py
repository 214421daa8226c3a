"""The page at / in headless Chromium: by keyboard, narrow, dark, with hostile text, and under its own policy.

The long form also leaves pictures in .build/page, for eyes.
"""

import json
import pathlib
import subprocess
import tempfile
import urllib.request

from browser import Browser, program
from server import ROOT, SHARED, Server, arguments, check, fixture

PICTURES = ROOT / ".build/page"
# Text that would run, break out of a word of the shell, or turn its neighbours round, if it were not just text.
HOSTILE = [
    "<img src=x onerror=\"window.hacked = 1\">", "<script>window.hacked = 1</script>", "it's `id` $(id) \\ \"so\" & <b>",
    "\u202eright to left\u2066", "{{7*7}} ${7*7} javascript:alert(1)", "</p></li></ol><iframe srcdoc='<p>'>", "\ufeff é 𝔸 日本",
]
KEY = "page-check-key"
# What stands in each step's lines, as numbers and none.
SHOWN = """[...document.querySelectorAll('#steps li')].map((step) => Object.fromEntries(
    ['reward', 'weight', 'credit', 'return'].map((name) =>
        [name, step.querySelector(`.${name} .value`).textContent])))"""
# Text whose contrast with what is behind it is under 4.5 (WCAG 2.2, 1.4.3), of what can be used.
PALE = """(() => {
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (let place = element; place; place = place.parentElement) {
            const colour = numbers(getComputedStyle(place).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
    };
    return [...document.querySelectorAll('body *')].filter((element) =>
        element.checkVisibility() && !element.querySelector(':disabled') && !element.matches(':disabled')
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    ).filter((element) => {
        const two = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
        return (two[0] + 0.05) / (two[1] + 0.05) < 4.5;
    }).map((element) => element.textContent.trim().slice(0, 40));
})()"""

# Twenty places of the slider, 10 ms apart.
MOVING = """(async () => {
    for (let place = 0; place < 20; place += 1) {
        slider.value = -1 + place / 20;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise((done) => setTimeout(done, 10));
    }
})()"""


def visit(browser, server, query=""):
    """A fresh page of which what is served is known, or whose key is asked for."""
    browser.open(f"http://{server.host}:{server.port}/?{query}")
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


def parts(server):
    """Each part is what it says, and one policy stands over all."""
    policies = set()
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        with urllib.request.urlopen(f"http://{server.host}:{server.port}{path}") as answer:
            check(answer.headers["Content-Type"] == f"{kind}; charset=utf-8", f"{path} is {kind}")
            check(answer.headers["X-Content-Type-Options"] == "nosniff", f"{path} is not sniffed")
            policies.add(answer.headers["Content-Security-Policy"])
    check(len(policies) == 1 and "unsafe" not in str(policies), f"one policy, nothing unsafe: {policies}")


def keyboard(browser, server, short):
    """The example is scored and its credit moved without a mouse."""
    visit(browser, server)
    passed = tab_to(browser, "score")
    check(passed == ["prompt", "response", "separator", "score"], f"Tab goes down the page: {passed}")
    browser.press("Enter")
    settled(browser, "The weakest link is step 1")
    rollout = {
        "prompt": browser.see("document.getElementById('prompt').value"),
        "steps": browser.see("document.getElementById('response').value").split("\n"),
    }
    item = asked(server, "/v1/rewards", rollout)
    same(browser, item["steps"])
    marks = browser.see("[...document.querySelectorAll('.weakest')].map((mark) => mark.checkVisibility())")
    check(marks == [index == item["weakest_step"] for index in range(len(marks))], f"the weakest is marked: {marks}")
    check(browser.see("document.activeElement.id") == "score", "the focus stays where it was")

    given = {"rewards": [step["reward"] for step in item["steps"]]}
    settings = dict(info(server)["credit"])
    tab_to(browser, "pooling")
    poolings = ["min", "sws", "softmin", "product", "geometric_mean", "mean", "last"]
    place = poolings.index(settings["pooling"])
    for pooling in (poolings[place + 1 :] + poolings[: place + 1])[: 2 if short else None]:
        browser.press("ArrowRight")
        settled(browser, f"By {pooling} the chain")
        same(browser, asked(server, "/v1/credit", given, {**settings, "pooling": pooling})["steps"])
    if short:
        browser.press("ArrowLeft")
        settled(browser, f"By {poolings[place + 1]} the chain")
        settings["pooling"] = poolings[place + 1]
    temperature(browser, server, given, settings)


def info(server):
    return json.loads(server.get("/info")[1])


def temperature(browser, server, given, settings):
    """A quick hand on the slider asks the server seldom; the last place is what counts; then the scale."""
    tab_to(browser, "slider")
    for move in (lambda: browser.press("ArrowRight"), lambda: browser.see(MOVING)):
        browser.asked.clear()
        move()
        idle = "document.getElementById('answer').ariaBusy === 'false'"
        browser.until(idle, "the credit follows the slider", also=lambda: len(browser.asked) > 0)
    check(len(browser.asked) == 1, f"a moving slider asks once the hand rests: {browser.asked}")
    settings["temperature"] = float(browser.see("document.getElementById('temperature').value"))
    same(browser, asked(server, "/v1/credit", given, settings)["steps"])
    tab_to(browser, "scale")
    browser.press("ArrowDown")
    browser.press("ArrowDown")
    browser.until("document.querySelector('[value=product]').disabled", "product exists on probability alone")
    # The bars' numbers follow after the wait.
    logit = asked(server, "/v1/credit", given, {**settings, "scale": "logit"})
    settled(browser, f"the chain is worth {logit['reward']:.4g}"[:-1])
    same(browser, logit["steps"])
    tab_to(browser, "defaults")
    browser.press("Enter")
    default = asked(server, "/v1/credit", given, info(server)["credit"])
    settled(browser, f"the chain is worth {default['reward']:.4g}"[:-1])
    same(browser, default["steps"])


def choose(browser, pooling):
    browser.see(f"document.querySelector('[value={pooling}]').click()")


def late(browser, server):
    """An answer that comes late does not stand over a newer one."""
    visit(browser, server)
    score(browser)
    browser.held.clear()
    browser.send("Fetch.enable", patterns=[{"urlPattern": "*/v1/credit"}])
    for place, pooling in enumerate(("min", "mean")):
        choose(browser, pooling)
        browser.until("true", f"{pooling} is asked for", also=lambda: len(browser.held) > place)
    browser.send("Fetch.continueRequest", requestId=browser.held[1])
    settled(browser, "By mean the chain")
    # Lets the first one go, if the page has not given it up.
    browser.send("Fetch.disable")
    browser.see("new Promise((done) => setTimeout(done, 300))")
    settled(browser, "By mean the chain")


def named(browser):
    """A screen reader hears what everything is that can be used."""
    roles = {"textbox", "combobox", "spinbutton", "slider", "radio", "button", "link", "region", "DisclosureTriangle"}
    found = [(role, name) for role, name in browser.tree() if role in roles]
    check(len(found) > 15 and all(name.strip() for _, name in found), f"everything has a name: {found}")


def looks(browser, server, pictures):
    """Every width and both schemes: nothing is cut off, nothing pale, nothing too small to hit."""
    browser.prefer(prefers_reduced_motion="reduce")
    for scheme in ("light", "dark"):
        browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        for width in (1280, 360, 320):
            browser.resize(width)
            visit(browser, server)
            score(browser)
            browser.see("document.querySelector('details').open = true")
            wide = browser.see("document.documentElement.scrollWidth")
            check(wide <= width, f"at {width} nothing is wider than the screen: {wide}")
            pale = browser.see(PALE)
            check(pale == [], f"{scheme}: hard to read: {pale}")
            small = browser.see(
                "[...document.querySelectorAll('button, .button, select, textarea, .pooling, summary')].filter("
                "(it) => it.checkVisibility() && it.getBoundingClientRect().height < 24).map((it) => it.textContent)"
            )
            check(small == [], f"at {width} too small to hit: {small}")
            if pictures:
                browser.picture(PICTURES / f"{scheme}-{width}.png")
    named(browser)
    browser.resize(1280)


def hostile(browser):
    """What a model's name, a problem, a step and a file's name spell stays text, also in the curl."""
    with Server(None, "--served-name", HOSTILE[0]) as server:
        visit(browser, server)
        check(HOSTILE[0] in browser.see("document.getElementById('served').textContent"), "the model's name is text")
        fill(browser, prompt=HOSTILE[0], response="\n".join(HOSTILE))
        score(browser)
        check_text(browser, HOSTILE)
        command = browser.see("document.querySelector('#curls code').textContent")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        same(browser, json.loads(done.stdout)["data"][0]["steps"])
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "<img src=x onerror=window.hacked=1>.jsonl")
            file.write_text(json.dumps({"prompt": HOSTILE[1], "steps": HOSTILE, "id": 2**53 + 1}))
            browser.choose_file("#file", file)
            browser.until(f"document.getElementById('file-name').textContent === {json.dumps(file.name)}", "the file's name")
            score(browser)
            check_text(browser, HOSTILE)
            command = browser.see("document.querySelector('#curls code').textContent")
            check(str(2**53 + 1) in command, "a number that JavaScript cannot hold is sent as it stands in the file")


def check_text(browser, steps):
    shown = browser.see("[...document.querySelectorAll('#steps .text')].map((text) => text.textContent)")
    check(shown == steps, f"the steps are shown as they are: {shown}")
    made = browser.see("document.querySelectorAll('img, iframe, main script, b').length")
    check(made == 0 and browser.see("window.hacked === undefined"), "no text became HTML")


def files(browser, server):
    """A rollout file, good and bad."""
    visit(browser, server)
    good = [
        {"prompt": "Start with 5. Add 1.", "steps": ["5 + 1 = 6"]},
        {"messages": [{"role": "user", "content": "1+1?"}], "response": "1 + 1 = 2\n2 + 2 = 5", "separator": "\n"},
    ]
    lines = [*map(json.dumps, good), "not json", ""]
    with tempfile.NamedTemporaryFile("wb", suffix=".jsonl") as file:
        file.write(("\r\n".join(lines) + "\n").encode())
        file.flush()
        browser.choose_file("#file", file.name)
        browser.until("document.activeElement.id === 'line'", "the line is chosen next")
        check(browser.see("document.getElementById('line-count').textContent") == "3", "the file has three lines")
        for number, rollout in enumerate(good, 1):
            fill(browser, line=number)
            browser.see("document.getElementById('status').textContent = ''")
            browser.press("Enter")
            settled(browser, "weakest")
            same(browser, asked(server, "/v1/rewards", rollout, info(server)["credit"])["steps"])
        fill(browser, line=3)
        browser.see("document.getElementById('score').click()")
        failure(browser, "This line is not a rollout")
        check(browser.see("document.getElementById('answer').hidden"), "no old answer stands beside a failure")
        file.write(b"\xff")
        file.flush()
        browser.choose_file("#file", file.name)
        failure(browser, "not UTF-8")


def failures(browser):
    """What goes wrong is said in words: by the server, of a setting, of a server that is gone."""
    with Server(None) as server:
        visit(browser, server)
        fill(browser, response=" ")
        browser.see("document.getElementById('score').click()")
        failure(browser, "no step to score")
        fill(browser, response="1 + 1 = 2")
        score(browser)
        fill(browser, temperature="0")
        browser.see("document.getElementById('temperature').dispatchEvent(new Event('input', {bubbles: true}))")
        failure(browser, "above 0", place="credit-failure")
        browser.see("document.getElementById('defaults').click()")
        browser.until("document.getElementById('credit-failure').hidden", "the failure goes when it is mended")
    browser.see("document.getElementById('score').click()")
    failure(browser, "did not answer")


def keys(browser):
    """A key is asked for, tried, used, and kept nowhere."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(KEY + "\n")
        file.flush()
        with Server(None, "--api-key-file", file.name) as server:
            visit(browser, server)
            browser.until("document.activeElement.id === 'key'", "the key is asked for, and the focus is there")
            browser.write("wrong")
            browser.press("Enter")
            failure(browser, "does not know this key", place="key-failure")
            browser.write(KEY)  # in the place of the wrong one, which is marked
            browser.press("Enter")
            browser.until("document.getElementById('key-form').hidden", "the key is taken")
            score(browser)
            command = browser.see("document.querySelector('#curls code').textContent")
            check("$LINCHPIN_KEY" in command and KEY not in command, "the curl names the key and does not have it")
            environment = {"LINCHPIN_KEY": KEY, "PATH": "/usr/bin:/bin"}
            done = subprocess.run(["sh", "-c", command], capture_output=True, env=environment, check=False)
            same(browser, json.loads(done.stdout)["data"][0]["steps"])
            kept = browser.see("[localStorage.length, sessionStorage.length, location.href]")
            kept.append(browser.send("Network.getCookies")["cookies"])
            check(kept[:2] == [0, 0] and KEY not in str(kept), f"the key is kept nowhere: {kept}")


def models(browser):
    """Rewards that are no probabilities, and steps without one."""
    for name in ("skywork", "qwen3-orm"):
        if not (SHARED / "fixtures" / name).is_dir():
            print(f"SKIPPED page with {name}: {SHARED} is missing")
            continue
        with Server(fixture(name)) as server:
            visit(browser, server)
            rollout = {"prompt": "What is 1+1?", "response": "1 + 1 = 2\nSo it is 2", "separator": "\n"}
            fill(browser, prompt=rollout["prompt"], response=rollout["response"])
            score(browser)
            served = info(server)
            item = asked(server, "/v1/rewards", rollout, served["credit"])
            same(browser, item["steps"])
            choose(browser, "min")
            settled(browser, "By min the chain")
            scale = "logit" if served["reward_scale"] == "raw" else served["reward_scale"]
            given = {"rewards": [step["reward"] for step in item["steps"]], "scale": scale}
            same(browser, asked(server, "/v1/credit", given, {**served["credit"], "pooling": "min"})["steps"])


def policy(browser, server):
    """The policy bites: text makes no HTML, and nobody else is asked."""
    visit(browser, server)
    for attempt in (
        "document.body.innerHTML = '<b>x</b>'", "document.createElement('script').text = '1'", "setTimeout('1')",
        "eval('1')",
    ):
        refused = browser.see(f"(() => {{ try {{ {attempt}; }} catch (error) {{ return true; }} return false; }})()")
        check(refused, f"the browser refuses {attempt}")
    elsewhere = "http://localhost:9/"
    refused = browser.see(f"fetch('{elsewhere}').then(() => '', (error) => error.message)")
    heard = [complaint for complaint in browser.complaints if "connect-src" in complaint and elsewhere in complaint]
    check(refused and heard, f"the browser asks nobody else: {refused} {browser.complaints}")


def main():
    short = arguments(__doc__).short
    path = program()
    if path is None:
        print("SKIPPED page: there is no Chromium, and apt-get could not install one (needs root and the network)")
        return
    if not short:
        PICTURES.mkdir(parents=True, exist_ok=True)
    with Browser(path) as browser:
        with Server(None) as server:
            parts(server)
            browser.resize(1280)
            keyboard(browser, server, short)
            late(browser, server)
            looks(browser, server, pictures=not short)
            files(browser, server)
        hostile(browser)
        keys(browser)
        models(browser)
        failures(browser)
        check(browser.complaints == [], f"no violation, no exception, no warning: {browser.complaints}")
        with Server(None) as server:
            policy(browser, server)
    print("the page: by keyboard, at 1280, 360 and 320, light and dark, hostile text, keys, files, its policy")
    if not short:
        print(f"pictures: {PICTURES}")


main()
