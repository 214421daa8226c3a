#!/usr/bin/env python3
"""The built-in model: does it find the first wrong step, at its default threshold, on chains it has never seen?

On 2,000 chains of the lengths seen in training (1 to 8 steps) F1 must be at least 0.95, on 2,000 of 10 steps, two more than
any in training, at least 0.85. The seeds are no training seed.
"""

import json
import subprocess
import tempfile

from server import BINARY, arguments

COUNT = 2000
LIMITS = [("seen lengths", "1-8", 0.95), ("two steps longer", "10-10", 0.85)]


def linchpin(*words):
    return subprocess.run([str(BINARY), *map(str, words)], check=True, capture_output=True, text=True).stdout


def main():
    words = arguments(__doc__)
    for title, steps, limit in LIMITS:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as chains:
            chains.write(linchpin("data", "arithmetic", "--count", COUNT, "--seed", words.seed, "--steps", steps))
            chains.flush()
            report = json.loads(linchpin("eval", chains.name, "--json"))
        assert report["threshold"] == 0.5 and report["chains"] == COUNT, report
        print(
            f"{title}: F1 {report['f1']:.4f} (erroneous {report['accuracy_erroneous']:.4f},"
            f" correct {report['accuracy_correct']:.4f}), step AUROC {report['step_auroc']:.4f}, {COUNT} chains"
        )
        assert report["f1"] >= limit, f"F1 {report['f1']} is below {limit}"


if __name__ == "__main__":
    main()
