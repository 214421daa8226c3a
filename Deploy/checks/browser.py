"""A headless Chromium, driven over a pipe by the DevTools protocol.

No library: Playwright and Selenium each bring a second program of tens of megabytes for JSON over two pipes.
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time

from server import ROOT, arguments, check

PROGRAMS = ("chromium", "chromium-headless-shell", "google-chrome", "chrome-headless-shell")
PATIENCE = 30  # seconds until something that must come about counts as missing
# Where the long form of a check leaves what it saw, for eyes.
PICTURES = ROOT / ".build/page"
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40, "Backspace": 8}


def program():
    """A Chromium's path, from Debian's package where there is none and it can be had; else None."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return found
    print("installing chromium-headless-shell", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["apt-get", "-qq", "-o", "Acquire::Retries=2"]
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium-headless-shell"]):
        if subprocess.run([*quiet, *words], env=environment, capture_output=True).returncode != 0:
            return None
    return shutil.which("chromium-headless-shell")


def run(name, about, work, after=lambda browser: None):
    """The check of one page: `work(browser, short)` must leave no complaint behind, which `after` may."""
    short = arguments(about).short
    path = program()
    if path is None:
        print(f"SKIPPED {name}: there is no Chromium, and apt-get could not install one (needs root and the network)")
        return
    if not short:
        PICTURES.mkdir(parents=True, exist_ok=True)
    with Browser(path) as browser:
        work(browser, short)
        check(browser.complaints == [], f"no violation, no exception, no warning: {browser.complaints}")
        after(browser)
    if not short:
        print(f"pictures: {PICTURES}")


class Browser:
    """One browser with one page; its complaints, what it asks and what is held back are kept."""

    def __init__(self, path):
        self.profile = tempfile.TemporaryDirectory(prefix="linchpin-page-", ignore_cleanup_errors=True)
        (read, requests), (answers, write) = os.pipe(), os.pipe()
        self.requests, self.answers = os.fdopen(requests, "wb"), os.fdopen(answers, "rb")
        # Chromium reads descriptor 3 and writes 4: ours stand above, where neither is in the other's way.
        theirs = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (read, write)]
        # Its own sandbox needs privileges that CI's containers do not have.
        flags = ["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command = [path, *flags, *quiet, f"--user-data-dir={self.profile.name}", "about:blank"]
        # Not sh: Debian's knows descriptors of one digit alone.
        shell = ["bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}', "bash", *command]
        self.process = subprocess.Popen(shell, pass_fds=theirs, stderr=subprocess.DEVNULL)
        for descriptor in (read, write, *theirs):
            os.close(descriptor)
        self.count, self.session = 0, None
        self.complaints, self.asked, self.held = [], [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits", "DOM", "Accessibility", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.requests.close()
        self.answers.close()
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.profile.cleanup()

    def send(self, method, **parameters):
        """The result of one command; events that come before it are heard."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.requests.write(json.dumps(message).encode() + b"\0")
        self.requests.flush()
        while (answer := self._read()).get("id") != self.count:
            self._hear(answer)
        if "error" in answer:
            raise SystemExit(f"FAILED: {method}: {answer['error']}")
        return answer["result"]

    def _read(self):
        message = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            if not byte:
                raise SystemExit("FAILED: the browser ended")
            message += byte
        return json.loads(message)

    def _hear(self, event):
        method, told = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        if method == "Fetch.requestPaused":
            self.held.append(told["requestId"])
        if method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("exception", {}).get("description", str(told)))
        # That a request was refused is the server's to say; the page must say it too.
        if method == "Log.entryAdded" and told["entry"]["source"] != "network":
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        if method == "Audits.issueAdded":
            self.complaints.append(json.dumps(told["issue"]))
        if method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(str(told["args"]))

    def open(self, address):
        self.send("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", f"{address} is loaded")

    def see(self, expression):
        """What an expression is worth in the page."""
        # As the page itself would be let: by default DevTools may eval where a policy forbids it.
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        if "exceptionDetails" in answer:
            raise SystemExit(f"FAILED: {expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression, sentence, also=lambda: True):
        """Waits until it is so in the page, and also here."""
        end = time.monotonic() + PATIENCE
        while not (self.see(expression) and also()):
            if time.monotonic() > end:
                alerts = self.see("[...document.querySelectorAll('[role=alert]')].map((it) => it.textContent)")
                raise SystemExit(f"FAILED: {sentence} (waited {PATIENCE} s); it says {alerts}; {self.complaints}")
            time.sleep(0.02)

    def press(self, key, modifiers=0):
        """One key, down and up; modifiers: 2 Ctrl, 8 Shift."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {" ": "Space"}.get(key, key)
        common = {"key": key, "code": code, "windowsVirtualKeyCode": KEYS[key], "modifiers": modifiers}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text):
        """Text at the cursor, in the place of what is marked."""
        self.send("Input.insertText", text=text)

    def choose_file(self, selector, path):
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def resize(self, width, height=900):
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, **features):
        """prefers_color_scheme="dark" and its like."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=named)

    def picture(self, path):
        """The whole page as a PNG."""
        data = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def tree(self):
        """What a screen reader is told: (role, name) of all that is not ignored."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]
        ]
