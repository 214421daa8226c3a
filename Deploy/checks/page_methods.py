"""The page at /methods in headless Chromium: every method by keyboard, to its end, against the API's own answer.

Also what it refuses, hostile text, narrow and dark; the long form leaves pictures in .build/page, for eyes.
"""

import json
import tempfile

from browser import PICTURES, run
from method_visits import ALERTS, ASKED, CARDS, READY, change, said_as, same, visit, written
from page_looks import named, parts, readable
from page_safety import HOSTILE, KEY
from server import ROOT, Server, check
from visits import fill, tab_to

PARTS = (
    "/methods", "/methods.css", "/methods.js", "/list.js", "/options.js", "/examples.js", "/operators.js", "/stage.js",
    "/player.js",
)
PLACE = "document.getElementById('place').valueAsNumber"
LIT = "[...document.querySelectorAll('#answer .card')].filter((card) => !card.matches('.is-coming')).length"
LIVE = "document.getElementById('status').ariaLive"
# Frames that are wider than what they show, and whether the keyboard reaches them and they have a name.
FRAMES = """[...document.querySelectorAll('.frame')].filter((frame) => frame.scrollWidth > frame.clientWidth)
    .map((frame) => frame.tabIndex === 0 && frame.role === 'region' && frame.ariaLabel !== '')"""
# How far it was, and how many cards were lit, each time that it went on.
WATCHED = f"""window.seen = []; new MutationObserver(() => window.seen.push([{PLACE}, {LIT}]))
    .observe(document.getElementById('status'), {{childList: true}})"""


def methods(browser, server, short):
    """All that holds of a server without keys."""
    picked(browser, server, short)
    played(browser, server)
    absent(browser, server)
    options(browser, server)
    edited(browser, server)
    refused(browser, server)
    hostile(browser, server)
    looks(browser, server, short)
    own = f"http://{server.host}:{server.port}/"
    elsewhere = [address for address in browser.asked if not address.startswith((own, "data:"))]
    check(elsewhere == [], f"nobody else is asked: {elsewhere}")


def picked(browser, server, short):
    """Every method by the arrow keys, each to its end, its numbers those of the API."""
    listed = json.loads(server.get("/v1/methods")[1])["data"]
    browser.prefer(prefers_reduced_motion="reduce")
    browser.resize(1280)
    visit(browser, server, f"?method={listed[0]['id']}")
    order = browser.see("[...document.querySelectorAll('[name=method]')].map((radio) => radio.value)")
    check(sorted(order) == sorted(method["id"] for method in listed), f"every method is in the list: {order}")
    marks = {method["id"]: method["mark"] for method in listed}
    passed = tab_to(browser, "search") + tab_to(browser, "method")
    check(passed == ["to-page", "search", "method"], f"Tab goes down the page: {passed}")
    place = order.index(listed[0]["id"])
    for name in order[place:] + order[:place]:
        browser.until(READY % json.dumps(name), f"{name} is picked")
        check(browser.see(ALERTS) == [], f"{name} works at once: {browser.see(ALERTS)}")
        check(browser.see("document.getElementById('mark').textContent") == marks[name], f"{name} says how it is known")
        same(browser, server)
        if not short:
            stepped(browser, name)
        browser.see("document.activeElement.name === 'method' || document.querySelector(':checked').focus()")
        browser.press("ArrowDown")


def stepped(browser, name):
    """From the beginning to the end by the arrow key; one more card lights up each time."""
    browser.see("document.getElementById('first').click(); document.getElementById('next').focus()")
    end = int(browser.see("document.getElementById('place').max"))
    for place in range(end + 1):
        check([browser.see(PLACE), browser.see(LIT)] == [place, place], f"{name}: {place} of {end} are lit")
        browser.press("ArrowRight")
    check(browser.see(PLACE) == end, f"{name}: it stays at the end")


def played(browser, server):
    """It plays of itself, stops, goes back and on; where motion is not wished nothing moves."""
    browser.prefer(prefers_reduced_motion="no-preference")
    visit(browser, server, "?method=mean")
    browser.until(f"{PLACE} > 0", "it plays of itself")
    check(browser.see(LIVE) == "off", "while it plays it is not told at each beat where it stands")
    end = int(browser.see("document.getElementById('place').max"))
    browser.see("document.getElementById('last').click()")
    browser.see(WATCHED)
    browser.see("document.getElementById('play').focus()")
    browser.press(" ")
    browser.until(f"{PLACE} < {end}", "from the end it plays from the beginning again")
    to_end(browser, end)
    seen = browser.see("window.seen")
    check(seen == [[place, place] for place in range(end + 1)], f"one card lights up after another: {seen}")
    check(browser.see(LIVE) == "polite", "at its end it is")
    lights = "getComputedStyle(document.querySelector('.is-now td')).animationName"
    check(browser.see(lights) == "light", "its cells come into the light")
    browser.press(" ")
    browser.press(" ")
    place = browser.see(PLACE)
    check(place < end and browser.see("document.getElementById('play').textContent") == "Play", "it pauses")
    browser.see("new Promise((done) => setTimeout(done, 1200))")
    check(browser.see(PLACE) == place, "and stays where it was")
    browser.see("document.getElementById('first').click()")
    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        browser.press(key)
        check(browser.see(PLACE) == step, f"{key} moves it")
    browser.see("document.getElementById('place').focus()")
    browser.press("ArrowRight")
    check(browser.see(f"[{PLACE}, {LIT}]") == [2, 2], "the slider moves it")
    check(browser.see(LIVE) == "off", "and tells by itself where it stands")
    fill(browser, **{"option-scale": "margin"})
    change(browser, "option-scale")
    same(browser, server, {"scale": "margin"})
    check(browser.see(f"[{PLACE}, {LIT}]") == [2, 2], "other numbers change nothing of where it stands")
    browser.prefer(prefers_reduced_motion="reduce")
    visit(browser, server, "?method=mean")
    check(browser.see(f"{PLACE} === {end} && {LIT} === {end}"), "without motion it stands at its end")
    check(browser.see("document.getAnimations().length") == 0, "and nothing moves")


def to_end(browser, end):
    for place in range(end + 1):
        browser.until(f"{PLACE} >= {place} && {LIT} >= {place}", f"it plays on to {place} of {end}")
    check(browser.see("document.getElementById('play').textContent") == "Play", "at the end it stands")


def absent(browser, server):
    """What is masked, missing or alone says so and is never a 0; a group's rollouts stand one under the other."""
    visit(browser, server, "?method=pure")
    written(browser, "rollouts", [
        {"id": 7, "rewards": [0.9, None, 0.2, 0.4], "mask": [True, True, False, True], "outcome": 1},
        {"rewards": [0.5]}, {"rewards": []},
    ])
    same(browser, server)
    first = browser.see(CARDS)[0]
    told = [reason for _, _, reason in first[0][1]]
    check(told == [None, "missing", "masked", None], f"each cell says why it is empty: {first}")
    hatched = browser.see("document.querySelectorAll('#operators li:first-child tr:nth-child(1) td.absent').length")
    check(hatched == 2, f"and is hatched: {hatched}")
    visit(browser, server, "?method=grpo")
    written(browser, "rollouts", [{"outcome": 1, "group": "alone"}])
    same(browser, server)
    written(browser, "rollouts", [])
    same(browser, server)
    written(browser, "rollouts", [{"outcome": 1, "group": "alone"}])
    check("singleton" in str(browser.see(CARDS)), "a rule that was followed is named")


def options(browser, server):
    """Options, an alias in the address, the search, and what a changed option makes of the example."""
    visit(browser, server, "?method=lca")
    check(browser.see(ASKED)[0] == "sws", "an alias is known")
    fill(browser, **{"option-temperature": "0.7"})
    change(browser, "option-temperature")
    same(browser, server, {"temperature": 0.7})
    visit(browser, server, "?method=capo")
    fill(browser, **{"option-of": "external"})
    change(browser, "option-of")
    check("external" in browser.see(ASKED)[1], "the example has what an option makes it read")
    same(browser, server, {"of": "external"})
    visit(browser, server, "?method=gdpo")
    fill(browser, **{"option-weights": "2, 0.5"})
    change(browser, "option-weights")
    same(browser, server, {"weights": [2, 0.5]})
    tab_to(browser, "search")
    browser.write("2602.01034")
    browser.until("document.getElementById('found').textContent.startsWith('1 of')", "a paper finds its method")
    browser.press("Enter")
    browser.until(READY % '"mig"', "Enter picks what is found")
    same(browser, server)


def edited(browser, server):
    """The reader's own program in the place of the method's: run, told, refused at its field, taken back."""
    visit(browser, server, "?method=mig")
    shown = json.loads(browser.see("document.getElementById('program').value"))
    listed = {method["id"]: method["program"] for method in json.loads(server.get("/v1/methods")[1])["data"]}
    check(shown == listed["mig"], f"the method's program stands there: {shown}")
    own = [
        {"op": "read", "of": "value"}, {"op": "scan", "by": "sum", "direction": "suffix", "discount": 0, "as": "late"},
        {"op": "select", "share": 0.07, "as": "credit"}, {"op": "read", "of": "outcome"},
        {"op": "centre", "by": "tree", "share": 0, "as": "advantage"},
    ]
    written(browser, "program", own)
    check(browser.see(ALERTS) == [], f"it runs over an example that has what it reads: {browser.see(ALERTS)}")
    same(browser, server, program=own)
    words = browser.see("[...document.querySelectorAll('#operators .words')].map((words) => words.textContent)")
    for place, part in ((1, "× 0 a step"), (2, "highest 7 %"), (4, "share 0")):
        check(part in words[place], f"operator {place} says {part}: {words}")
    told = "[own.checkVisibility(), document.getElementById('options').checkVisibility()]"
    check(browser.see(told) == [True, False], "the page says whose it is, and options that do nothing are gone")
    for program in ([{"op": "shake"}], [{"op": "read", "of": "rewards"}, {"op": "pool", "by": "weighted"}], []):
        written(browser, "program", program)
        said_as(browser, server, {"program": program}, "program")
    written(browser, "program", "[{]")
    check("not a list of operators" in str(browser.see(ALERTS)), f"it is no JSON: {browser.see(ALERTS)}")
    browser.see("document.getElementById('method-again').click()")
    browser.until(f"{ALERTS}.length === 0 && !document.getElementById('answer').hidden", "the method's runs again")
    check(browser.see(told) == [False, True], "and nothing else is said")
    same(browser, server)


def refused(browser, server):
    """The server's words as they are, at the field that they name; mended, they go."""
    visit(browser, server, "?method=sws")
    fill(browser, **{"option-temperature": "-1"})
    change(browser, "option-temperature")
    said_as(browser, server, {"method": {"name": "sws", "temperature": -1}}, "option-temperature")
    check(browser.see("document.getElementById('answer').hidden"), "no old answer stands beside a failure")
    fill(browser, **{"option-temperature": "0.1"})
    change(browser, "option-temperature")
    check(browser.see(ALERTS) == [], "it goes when it is mended")
    written(browser, "rollouts", [{"rewards": [0.5, 2]}])
    mild = {"method": {"name": "sws", "temperature": 0.1}}
    said_as(browser, server, mild, "rollouts")
    written(browser, "rollouts", [{"outcome": 1}])
    said_as(browser, server, mild, None)
    for text in ("[{]", "7", ""):
        written(browser, "rollouts", text)
        check("not a list of rollouts" in str(browser.see(ALERTS)), f"{text!r} is no list: {browser.see(ALERTS)}")
    browser.see("document.getElementById('again').click()")
    browser.until(f"{ALERTS}.length === 0 && !document.getElementById('answer').hidden", "the example runs again")
    same(browser, server, {"temperature": 0.1})


def hostile(browser, server):
    """What an address, an option, an id and a step spell stays text."""
    visit(browser, server, "?method=%3Cimg%20src%3Dx%20onerror%3D%27window.hacked%3D1%27%3E")
    check("No method is called <img src=x" in str(browser.see(ALERTS)), f"a name is text: {browser.see(ALERTS)}")
    visit(browser, server, "?method=sws")
    fill(browser, **{"option-temperature": HOSTILE[0]})
    change(browser, "option-temperature")
    said_as(browser, server, {"method": {"name": "sws", "temperature": HOSTILE[0]}}, "option-temperature")
    fill(browser, **{"option-temperature": "0.05"})
    change(browser, "option-temperature")
    rollouts = [{"id": text, "steps": [text], "rewards": [0.5], "group": text} for text in HOSTILE]
    written(browser, "rollouts", rollouts)
    same(browser, server)
    texts = browser.see("[...document.querySelectorAll('#texts .said')].map((text) => text.textContent)")
    check(texts == HOSTILE, f"steps are shown as they are: {texts}")
    written(browser, "rollouts", "{\"" + HOSTILE[0] + "\"")
    check(len(browser.see(ALERTS)) == 1, "what is no JSON is refused")
    written(browser, "rollouts", [{"rewards": [0.5], HOSTILE[1]: HOSTILE[1], "scale": HOSTILE[1]}])
    check(len(browser.see(ALERTS)) == 1, "a word that is unknown is refused")
    made = browser.see("document.querySelectorAll('img, iframe, main script, b').length")
    check(made == 0 and browser.see("window.hacked === undefined"), "no text became HTML")
    many = [{"id": index, "rewards": [0.5] * 200} for index in range(100)]
    written(browser, "rollouts", many)
    check(browser.see("document.querySelectorAll('td').length") < 20_000, "a large request is not drawn in whole")
    check("136 columns more" in browser.see("document.querySelector('#operators').textContent"), "and the page says so")


def looks(browser, server, short):
    """At every width and in both schemes, at its end and at its beginning; the long form leaves pictures."""
    for scheme in ("light", "dark"):
        browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        for width in (1280, 360) if short else (1280, 800, 360, 320):
            browser.resize(width)
            for name in ("progress_aware",) if short else ("a2tgpo", "gtpo", "progress_aware"):
                visit(browser, server, f"?method={name}")
                readable(browser, scheme, width)
                if not short:
                    browser.picture(PICTURES / f"{name}-{scheme}-{width}.png")
            browser.until(f"{FRAMES}.every(Boolean)", f"at {width} what scrolls is reached by the keyboard")
            check(width > 400 or browser.see(FRAMES), f"at {width} something scrolls")
            nameless = "[...document.querySelectorAll('table')].filter((table) => !table.ariaLabel).length"
            check(browser.see(nameless) == 0, "every table has a name")
            browser.see("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
            browser.see("document.getElementById('first').click()")
            readable(browser, scheme, width)
            if not short:
                browser.picture(PICTURES / f"begins-{scheme}-{width}.png")
    named(browser, 50)
    browser.resize(1280)


def keys(browser):
    """A key is asked for, used, not shown; under a key's address the page and its way back work."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(KEY + "\n")
        file.flush()
        with Server(None, "--api-key-file", file.name) as server:
            visit(browser, server, "?method=mig")
            browser.until("document.activeElement.id === 'key'", "the key is asked for, and the focus is there")
            browser.write(KEY)
            browser.press("Enter")
            browser.until(READY % '"mig"', "the key is taken, and the method is the address's")
            commands = browser.see("document.getElementById('curls').textContent")
            check("$LINCHPIN_KEY" in commands and KEY not in commands, "the curl names the key and does not have it")
            visit(browser, server, "?method=mig", f"/{KEY}/methods")
            browser.until(READY % '"mig"', "a key in the address is enough")
            browser.see("document.getElementById('to-page').focus()")
            browser.press("Enter")
            browser.until(f"location.pathname === '/{KEY}/' && document.getElementById('score') !== null", "and back")


def computed(browser):
    """What a policy makes of text: told, drawn where its tokens are, and beside a rollout that failed."""
    golden = ROOT / "Tests/Goldens/tiny-prm"
    with Server(None, "--model", f"policy={golden}") as server:
        visit(browser, server, "?method=mig")
        told = browser.see("document.getElementById('computed').textContent")
        check("answer_logprob (by policy)" in told, f"what the server can make is told: {told}")
        good = {"id": "good", "prompt": "1+1?", "steps": ["1 + 1 = 2.", "So 2."], "answers": ["2"], "outcome": 1}
        others = [{**good, "id": "empty", "steps": []}, {**good, "id": "wrong", "answers": ["3"]}]
        written(browser, "rollouts", [good, *others])
        same(browser, server)
        failure = browser.see("document.querySelector('#outputs .failure').textContent")
        check("step" in failure and browser.see(ALERTS) == [], f"one that failed stands beside the others: {failure}")
        visit(browser, server, "?method=top_entropy")
        rollouts = [good, {**good, "id": "wrong", "outcome": 0, "steps": ["1 + 1 = 3."]}]
        written(browser, "rollouts", rollouts)
        same(browser, server)
        data = server.post("/v1/credit", {"rollouts": rollouts, "method": "top_entropy"})[1]["data"]
        begins = browser.see("""[...document.querySelectorAll('#outputs table.of-token tbody tr')].map((row) =>
            [...row.cells].slice(1).flatMap((cell, index) => cell.matches('.begins') ? [index] : []))""")
        spans = [[start for start, _ in item["token_spans"]] for item in data]
        check(begins == spans, f"steps begin at the policy's own tokens: {begins}, {spans}")


def work(browser, short):
    with Server(None) as server:
        parts(server, *PARTS)
        methods(browser, server, short)
    keys(browser)
    computed(browser)
    print("the methods' page: each method by keyboard and to its end as the API has it, own programs, hostile text")


if __name__ == "__main__":
    run("page_methods", __doc__, work)
