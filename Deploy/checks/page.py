"""The page at / in headless Chromium: by keyboard, narrow, dark, with hostile text, and under its own policy.

The long form also leaves pictures in .build/page, for eyes.
"""

from browser import PICTURES, run
from page_looks import named, parts, readable
from page_safety import failures, files, hostile, keys, policy
from server import SHARED, Server, check, fixture
from visits import asked, choose, command, fill, info, same, score, settled, tab_to, visit

# Twenty places of the slider, 10 ms apart.
MOVING = """(async () => {
    for (let place = 0; place < 20; place += 1) {
        slider.value = -1 + place / 20;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise((done) => setTimeout(done, 10));
    }
})()"""


def keyboard(browser, server, short):
    """The example is scored and its credit moved without a mouse."""
    visit(browser, server)
    passed = tab_to(browser, "score")
    check(passed == ["to-methods", "prompt", "response", "separator", "score"], f"Tab goes down the page: {passed}")
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


def copied(browser):
    """The command goes to the clipboard; where a browser has none, it is marked."""
    press = "document.querySelector('.curl button').click()"
    word = "document.querySelector('.curl button').textContent"
    browser.see("document.querySelector('details').open = true")
    browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.see(press)
    browser.until(f"{word} === 'Copied'", "the command is copied")
    check(browser.see("navigator.clipboard.readText()") == command(browser), "what is copied is the command")
    browser.see("navigator.clipboard.writeText = () => Promise.reject()")
    browser.see(press)
    browser.until(f"{word} === 'Press Ctrl + C'", "without a clipboard the page says what to press")
    check(browser.see("getSelection().toString()") == command(browser), "what is marked is the command")


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
            readable(browser, scheme, width)
            if pictures:
                browser.picture(PICTURES / f"{scheme}-{width}.png")
    named(browser, 15)
    browser.resize(1280)


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


def work(browser, short):
    with Server(None) as server:
        parts(server, "/", "/page.css", "/page.js", "/service.js", "/figures.js")
        browser.resize(1280)
        keyboard(browser, server, short)
        late(browser, server)
        copied(browser)
        looks(browser, server, pictures=not short)
        files(browser, server)
    hostile(browser)
    keys(browser)
    models(browser)
    failures(browser)
    print("the page: by keyboard, at 1280, 360 and 320, light and dark, hostile text, keys and files")


run("page", __doc__, work, after=policy)
