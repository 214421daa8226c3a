"""The page with hostile text, keys, bad files and a server that refuses or is gone; and the policy that guards it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from server import Server, check
from visits import asked, command, failure, fill, info, same, score, settled, visit

# Text that would run, break out of a word of the shell, or turn its neighbours round, if it were not just text.
HOSTILE = [
    "<img src=x onerror='window.hacked = 1'>",
    "<script>window.hacked = 1</script>",
    "it's `id` $(id) \\ \"so\" & <b>",
    "\u202eright to left\u2066",
    "</p></li></ol><iframe srcdoc='<p>'>",
    "\ufeff é 𝔸 日本",
]
KEY = "page-check-key"


def hostile(browser):
    """What a model's name, a problem, a step and a file's name spell stays text, also in the curl."""
    with Server(None, "--served-name", HOSTILE[0]) as server:
        visit(browser, server)
        check(HOSTILE[0] in browser.see("document.getElementById('served').textContent"), "the model's name is text")
        fill(browser, prompt=HOSTILE[0], response="\n".join(HOSTILE))
        score(browser)
        check_text(browser, HOSTILE)
        by_curl(browser)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "<img src=x onerror=window.hacked=1>.jsonl")
            file.write_text(json.dumps({"prompt": HOSTILE[1], "steps": HOSTILE, "id": 2**53 + 1}))
            browser.choose_file("#file", file)
            name = f"document.getElementById('file-name').textContent === {json.dumps(file.name)}"
            browser.until(name, "the file's name is text")
            score(browser)
            check_text(browser, HOSTILE)
            check(str(2**53 + 1) in command(browser), "what JavaScript would round is sent as it stands in the file")


def by_curl(browser, **variables):
    """The command on the page gives what the page shows."""
    if shutil.which("curl") is None:
        print("SKIPPED the page's command: there is no curl")
        return
    shell = ["sh", "-c", command(browser)]
    done = subprocess.run(shell, capture_output=True, env={**os.environ, **variables}, check=False)
    same(browser, json.loads(done.stdout)["data"][0]["steps"])


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
            named = "$LINCHPIN_KEY" in command(browser) and KEY not in command(browser)
            check(named, "the curl names the key and does not have it")
            by_curl(browser, LINCHPIN_KEY=KEY)
            kept = browser.see("[localStorage.length, sessionStorage.length, location.href]")
            kept.append(browser.send("Network.getCookies")["cookies"])
            check(kept[:2] == [0, 0] and KEY not in str(kept), f"the key is kept nowhere: {kept}")
            # The page asks relative to its own address, where the key may stand before the path.
            visit(browser, server, f"/{KEY}/")
            check(browser.see("document.getElementById('key-form').hidden"), "a key in the address is enough")
            score(browser)


def policy(browser):
    """The policy bites: text makes no HTML, and nobody else is asked."""
    with Server(None) as server:
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
