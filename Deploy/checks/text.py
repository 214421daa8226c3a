#!/usr/bin/env python3
"""Ours against Hugging Face `tokenizers` on real rollouts: encoding and loading, one thread each, in turn.

    python3 Deploy/checks/text.py [--short] [--rounds N] [MODEL ...]

A MODEL is a folder with a tokenizer.json; without one, those of ../shared are taken. `tokenizers` (the version that
parity.py compares with) may take the better of its `encode` and `encode_batch`. Rounds alternate, so that what else the
machine does meets both. Wanted: 5 times its throughput, and for Qwen2's file at most half of its time to load.
The short form wants the throughput only: two rounds beside CI's other work say little about a load.
SKIPPED, with success, where ../shared is not there or the PyPI package cannot be installed.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from lifting import libraries
from server import BINARY, ROOT, SHARED

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(ROOT / "Tests" / "TokenizingTests"))
THROUGHPUT, LOAD = 5.0, 0.5


def texts(path):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [text for row in rows for text in [row["prompt"], *row["steps"]]]


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def theirs(tokenizers, folder, strings):
    """One round: seconds to load, the better of two ways to encode, and the tokens."""
    load, tokenizer = seconds(lambda: tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")))
    one, single = seconds(lambda: [tokenizer.encode(text, add_special_tokens=False) for text in strings])
    batch, _ = seconds(lambda: tokenizer.encode_batch(strings, add_special_tokens=False))
    return load, min(one, batch), sum(len(encoding.ids) for encoding in single)


def ours(folder, rollouts):
    command = [str(BINARY), "bench", "text", "--model", str(folder), str(rollouts), "--rounds", "1", "--json"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found["load_seconds"], found["encode_seconds"], found["tokens"]


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def compare(tokenizers, name, folder, rollouts, rounds, must_load):
    strings = texts(rollouts)
    size = sum(len(text.encode()) for text in strings)
    throughput, load, speeds = [], [], []
    for _ in range(rounds):
        their_load, their_encode, their_tokens = theirs(tokenizers, folder, strings)
        our_load, our_encode, our_tokens = ours(folder, rollouts)
        assert our_tokens == their_tokens, f"{name}: {our_tokens} tokens, not {their_tokens}"
        throughput.append(their_encode / our_encode)
        load.append(our_load / their_load)
        speeds.append((size / our_encode / 1e6, size / their_encode / 1e6, our_load, their_load))
    ours_speed, theirs_speed, our_load, their_load = (statistics.median(values) for values in zip(*speeds))
    print(f"{name}: {ours_speed:.1f} MB/s against {theirs_speed:.2f}: {spread(throughput)} times; "
          f"load {our_load * 1000:.0f} ms against {their_load * 1000:.0f}: {spread(load)} of the time", flush=True)
    enough = statistics.median(throughput) >= THROUGHPUT and (not must_load or statistics.median(load) <= LOAD)
    if not enough:
        print(f"TOO SLOW: wanted {THROUGHPUT} times" + (f", and {LOAD} of the time to load" if must_load else ""))
    return enough


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--short", action="store_true", help="the short form that CI runs")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    rollouts = SHARED / "data" / "gsm8k-rollouts.jsonl"
    if not rollouts.exists():
        print(f"SKIPPED: {SHARED} is not there")
        return 0
    import parity
    if not libraries(*parity.REQUIREMENTS):
        print("SKIPPED: the PyPI package `tokenizers` cannot be installed, so nothing was compared")
        return 0
    import tokenizers
    rounds = options.rounds or (2 if options.short else 7)
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        folders = [(folder.name, folder) for folder in options.models]
        if not folders:
            for name in ["qwen2.5-prm"] if options.short else ["qwen2.5-prm", "mistral", "llama3"]:
                file = SHARED / "tokenizers" / f"{name}.tokenizer.json"
                if name == "llama3":
                    import rebuild_llama3
                    file = rebuild_llama3.rebuild()
                folder = pathlib.Path(scratch) / name
                folder.mkdir()
                (folder / "tokenizer.json").symlink_to(file)
                folders.append((name, folder))
        for name, folder in folders:
            good = compare(tokenizers, name, folder, rollouts, rounds, name.startswith("qwen") and not options.short) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
