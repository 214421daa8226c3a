"""Starts the built binary for a check, and finds what to serve."""

import argparse
import http.client
import json
import os
import pathlib
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("LINCHPIN_SHARED", ROOT.parent / "shared"))
BINARY = pathlib.Path(os.environ.get("LINCHPIN_BINARY", ROOT / ".build/release/linchpin"))


def arguments(description):
    """Every check takes --short (seconds, for CI) and --seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--short", action="store_true", help="the short form that CI runs")
    parser.add_argument("--seed", type=int, default=20261121)
    return parser.parse_args()


def fixture(name):
    """A checkpoint of ../shared as a folder of links, or our own golden where there is no ../shared."""
    source = SHARED / "fixtures" / name
    if not source.is_dir():
        print(f"SKIPPED {name}: {SHARED} is missing; using Tests/Goldens/tiny-prm")
        return str(ROOT / "Tests/Goldens/tiny-prm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-")) / name
    folder.mkdir()
    for file in source.iterdir():
        target = file.resolve()
        # Where ../shared was unpacked without links, tokenizer.json is a text that names the real file.
        if file.name == "tokenizer.json" and file.stat().st_size < 200:
            target = (source / file.read_text().strip()).resolve()
        (folder / file.name).symlink_to(target)
    return str(folder)


def rollouts(limit=None):
    """The real GSM8K rollouts as the API takes them; made ones where there is no ../shared."""
    path = SHARED / "data/gsm8k-rollouts.jsonl"
    if path.is_file():
        lines = path.read_text().splitlines()
    else:
        lines = [
            json.dumps({"id": f"r{i}", "prompt": f"What is {i}+{i}?", "steps": [f"{i} + {i} = {2 * i}."] * (1 + i % 7)})
            for i in range(800)
        ]
    return [json.loads(line) for line in lines[:limit]]


def bounded(descriptors, processors):
    """What a new process does first, to be held to them."""
    def begin():
        if descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        if processors:
            os.sched_setaffinity(0, processors)

    return begin if descriptors or processors else None


class Server:
    """One running `linchpin serve` on a free port; without a model, of the built-in one."""

    def __init__(self, model, *flags, binary=BINARY, context=None, descriptors=None, processors=None):
        """`context` is an ssl.SSLContext where the flags ask for TLS; the others are what it may open and run on."""
        self.context = context
        listening = f"listening on {'https' if context else 'http'}://"
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(binary), "serve", *(["--model", model] if model else []), "--port", "0", *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            # The grace of a stop is the point of few checks; those ask for it with a flag, which wins.
            env={"LINCHPIN_GRACE_SECONDS": "0", **os.environ},
            preexec_fn=bounded(descriptors, processors),
        )
        line = self.process.stdout.readline()
        if not line.startswith(listening):
            self.process.wait()
            self.log.seek(0)
            raise SystemExit(f"the server did not start: {line}{self.log.read().decode()}")
        self.host, port = line.strip().removeprefix(listening).rsplit(":", 1)
        self.port = int(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)

    def connect(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=120, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=120)

    def post(self, path, value, connection=None, headers=None):
        """Status and parsed JSON of one POST."""
        own = connection or self.connect()
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        own.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
        response = own.getresponse()
        answer = json.loads(response.read())
        if connection is None:
            own.close()
        return response.status, answer

    def get(self, path):
        own = self.connect()
        own.request("GET", path)
        response = own.getresponse()
        body = response.read()
        own.close()
        return response.status, body

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def check(condition, sentence):
    """Ends the check with a clear word where something does not hold."""
    if not condition:
        raise SystemExit(f"FAILED: {sentence}")
