#!/usr/bin/env python3
"""The built-in model: does it find the first wrong step, at its default threshold, on chains it has never seen?

On 2,000 chains of the lengths seen in training (1 to 6 steps) F1 must be at least 0.95, on 2,000 of 8 steps, two more than
any in training, at least 0.85. The seeds are no training seed. --short takes 500 of each.
"""

import json
import subprocess
import tempfile

from server import BINARY, arguments

LIMITS = [("seen lengths", "1-6", 0.95), ("two steps longer", "8-8", 0.85)]


def linchpin(*words):
    return subprocess.run([str(BINARY), *map(str, words)], check=True, capture_output=True, text=True).stdout


def main():
    words = arguments(__doc__)
    count = 500 if words.short else 2000
    for title, steps, limit in LIMITS:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as chains:
            chains.write(linchpin("data", "arithmetic", "--count", count, "--seed", words.seed, "--steps", steps))
            chains.flush()
            report = json.loads(linchpin("eval", chains.name, "--json"))
        assert report["threshold"] == 0.5 and report["chains"] == count, report
        print(
            f"{title}: F1 {report['f1']:.4f} (erroneous {report['accuracy_erroneous']:.4f},"
            f" correct {report['accuracy_correct']:.4f}), step AUROC {report['step_auroc']:.4f}, {count} chains"
        )
        assert report["f1"] >= limit, f"F1 {report['f1']} is below {limit}"


if __name__ == "__main__":
    main()
