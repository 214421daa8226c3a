"""A running peer as its caller sees it: start it, ask for passes, end it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import workloads

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def python():
    """The interpreter that has the peers: LINCHPIN_BENCH_VENV, what `install` made, or this one."""
    folder = pathlib.Path(os.environ.get("LINCHPIN_BENCH_VENV", ROOT / ".build/bench-venv"))
    found = folder / "bin/python"
    return str(found) if found.exists() else sys.executable


class Failed(Exception):
    """The peer ended before it answered; the text is the end of what it wrote."""


class Peer:
    def __init__(self, name, shape, precision, workload, threads):
        self.name, self.workload, self.seconds = name, workload, []
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [python(), str(HERE / "peer.py"), "--peer", name, "--shape", shape, "--precision", precision,
             "--workload", workload, "--threads", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        try:
            self.facts = self.answer()
        except Failed:
            self.kill()
            raise

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise Failed("\n".join(self.log.read().decode(errors="replace").splitlines()[-5:]))
        return json.loads(line)

    def one_pass(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.seconds.append(self.answer()["seconds"])

    def finish(self):
        """Ends it; what it reached, every pass counted."""
        self.process.stdin.close()
        self.facts |= self.answer()
        self.process.wait()
        speeds = [workloads.tokens_sent(self.workload) / seconds for seconds in self.seconds]
        return {"name": self.name, "tokens_per_second": speeds, **self.facts}

    def kill(self):
        self.process.kill()
        self.process.wait()
