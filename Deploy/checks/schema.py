"""Schemathesis, which makes requests as openapi.yaml has them and others, finds nothing: the contract holds.

All its checks are on: no 5xx, status, type, headers and body as documented, what the contract forbids is refused, keys
are asked for. One is replaced: what the contract takes may be refused for its meaning (schema_meaning.py).
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile

from lifting import interpreter
from server import ROOT, Server, arguments, check

KEY = "a-key-for-schemathesis"
# `?wait=1e-300` asks for what cannot be in time.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503"]
"""


def main():
    options = arguments(__doc__)
    version = json.loads((ROOT / "Deploy/versions.json").read_text())["checks"]["schemathesis"][0]
    python = interpreter(f"schemathesis=={version}")
    check(python, "schemathesis could not be installed")
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys, tempfile.TemporaryDirectory() as scratch:
        keys.write(KEY + "\n")
        keys.flush()
        pathlib.Path(scratch, "schemathesis.toml").write_text(CONFIG)
        golden = str(ROOT / "Tests/Goldens/tiny-prm")
        flags = ["--api-key-file", keys.name, "--admin-key-file", keys.name]
        flags += ["--model", f"policy={golden}", "--model", f"reference={golden}"]
        with Server(golden, *flags) as server:
            words = ["--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure",
                     "--seed", str(options.seed), "--generation-database", "none",
                     "--max-examples", "5" if options.short else "1500", "--no-color", "--output-truncate", "false",
                     "--header", f"Authorization: Bearer {KEY}", "--url", f"http://{server.host}:{server.port}"]
            done = subprocess.run(
                [python, "-m", "schemathesis.cli", "run", *words, str(ROOT / "openapi.yaml")], check=False, cwd=scratch,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / "Deploy/checks"), "SCHEMATHESIS_HOOKS": "schema_meaning"},
            )
            check(server.process.poll() is None, "the server ended")
    print(done.stdout if done.returncode else "", end="")
    check(done.returncode == 0, f"schemathesis, seed {options.seed}, ended with {done.returncode}")
    operations = re.search(r"Tested: (\d+)", done.stdout)
    cases = re.search(r"(\d+) generated", done.stdout)
    check(operations and cases and int(cases[1]) > 500, f"schemathesis tried next to nothing: {done.stdout}")
    print(f"schemathesis {version}: {operations[1]} operations, {cases[1]} cases, seed {options.seed}, nothing found")


main()
