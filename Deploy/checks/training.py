#!/usr/bin/env python3
"""Training as a user meets it: kill -9, Ctrl-C and --resume to the same bits; a head on a frozen checkpoint; bad lines.

A small decoder learns from made chains; all comparisons are of whole files, byte by byte.
"""

import json
import pathlib
import random
import signal
import subprocess
import tempfile
import time

from server import BINARY, ROOT, arguments

DECODER = ["--layers", 2, "--hidden", 32, "--heads", 4, "--kv-heads", 2, "--intermediate", 64, "--vocabulary", 400]


def start(*words):
    return subprocess.Popen(
        [str(BINARY), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*words, expect=0):
    process = start(*words)
    out, errors = process.communicate()
    assert process.returncode == expect, (words, process.returncode, errors)
    return out, errors


def same(one, other):
    """The checkpoints and curves of two runs, byte by byte."""
    for name in ["model.safetensors", "config.json", "tokenizer.json", "linchpin.json", "training/curve.csv"]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), f"{name} differs"


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def interruptions(folder, data, updates, most, chance):
    """kill -9 at random moments of training, and one Ctrl-C, against a run that nobody disturbed.

    A run is disturbed after it has saved once, within a tenth of the time that the undisturbed run took: so that
    no machine is fast enough to be done before.
    """
    how = [*DECODER, "--updates", updates, "--batch", 32, "--evaluate-every", 20, "--learn-temperature"]
    whole, cut = folder / "whole", folder / "cut"
    begin = time.monotonic()
    run("train", data, "--output", whole, *how, "--language-weight", 1)
    took = time.monotonic() - begin
    words = ["train", data, "--output", cut, "--language-weight", 1, "--save-minutes", 0]
    state = cut / "training/state.safetensors"
    kills = 0
    for turn in range(most):
        before = saved(state)
        process = start(*words, *(how if turn == 0 else ["--resume"]))
        wait_for(lambda: saved(state) != before or process.poll() is not None)
        time.sleep(chance.uniform(0, 0.1) * took)
        process.send_signal(signal.SIGKILL if kills != 1 else signal.SIGINT)
        process.communicate()
        assert process.returncode in (-9, 130, 0), process.returncode
        if process.returncode == 0:
            break
        kills += 1
    run(*words, "--resume")
    same(whole, cut)
    print(f"interrupted {kills} times (kill -9, and Ctrl-C once): the same bytes as a run that was not")
    assert kills >= 2, "the run was over before it could be disturbed"


def saved(state):
    """When the state was saved last; None where it never was."""
    return state.stat().st_mtime_ns if state.exists() else None


def head(folder, data):
    """A head on the frozen tiny-trl of Tests/Goldens."""
    base = ROOT / "Tests/Goldens/tiny-trl"
    how = ["--base", base, "--tune", "head", "--updates", 200, "--batch", 64, "--evaluate-every", 50, "--rate", 0.01]
    whole, cut = folder / "head", folder / "head-cut"
    run("train", data, "--output", whole, *how)
    rows = (whole / "training/curve.csv").read_text().splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert losses[-1] < losses[0], losses
    process = start("train", data, "--output", cut, *how, "--save-minutes", 0)
    wait_for(lambda: (cut / "training/state.safetensors").exists() or process.poll() is not None)
    process.kill()
    process.communicate()
    run("train", data, "--output", cut, "--resume")
    same(whole, cut)
    print(f"head only: loss {losses[0]:.4f} -> {losses[-1]:.4f}; resumed to the same bytes")


def refusals(folder, data):
    """Bad lines are named, and fatal above their share; a run is not resumed on other data."""
    lines = data.read_text().splitlines()[:200]
    few = folder / "few.jsonl"
    few.write_text("\n".join([*lines, '{"prompt":"no steps","correct":true}']) + "\n")
    how = [*DECODER, "--updates", 3, "--held-out", 0.1]
    _, errors = run("train", few, "--output", folder / "few", *how)
    assert "201" in errors, errors
    many = folder / "many.jsonl"
    many.write_text("\n".join([*lines, *["nonsense"] * 20]) + "\n")
    _, errors = run("train", many, "--output", folder / "many", *how, expect=2)
    assert "201" in errors and len(errors.splitlines()) <= 12, errors
    _, errors = run("train", data, "--output", folder / "few", "--resume", expect=2)
    assert "data" in errors, errors
    _, errors = run("train", few, "--output", folder / "few", *how, expect=2)
    assert "--resume" in errors or "--restart" in errors, errors
    print("bad lines named and bounded; other data and a silent overwrite refused")


def main():
    words = arguments(__doc__)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-training-"))
    data = folder / "data.jsonl"
    out, _ = run("data", "arithmetic", "--count", 3000, "--seed", words.seed, "--steps", "1-3")
    data.write_text(out)
    interruptions(folder, data, *((120, 3) if words.short else (600, 10)), random.Random(words.seed))
    head(folder, data)
    refusals(folder, data)
    scored, _ = run("score", "--model", folder / "whole", data)
    assert len(scored.splitlines()) == 3000 and "error" not in json.loads(scored.splitlines()[0]), "scoring failed"
    print("the trained checkpoint scores")


if __name__ == "__main__":
    main()
