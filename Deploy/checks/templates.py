#!/usr/bin/env python3
"""What a model of every family reads, against the authors' own rendering on the real vocabularies.

Each rendering below is written down from its source as it stands there: whole strings with special tokens in them, encoded
by Hugging Face `tokenizers`, in which the markers are then searched. Ours is what the served model says that it read
(`return_token_ids`): the same ids up to the last read, the same read positions, on real rollouts and on odd ones. Where the
authors' code loses a step (a marker that merges with white space) there is nothing to compare; such rollouts are counted.
SKIPPED, with success, where ../shared is not there or the PyPI package cannot be installed.
"""

import functools
import json
import pathlib
import struct
import sys

from lifting import libraries
from server import ROOT, SHARED, Server, arguments, check, fixture, rollouts

sys.path.insert(0, str(ROOT / "Tests" / "TokenizingTests"))
BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
QWEN = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
QWEN_CHAT = (
    "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>system\\n" + QWEN + "<|im_end|>\\n' }}{%- endif %}"
)
DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
MEDICAL = (
    "You are an evaluator assessing the logicality and validity of the reasoning in each step of the given explanation. "
    "In order to support the evaluation, the relevant documents, the question, and the explanation are provided "
    "sequentially. If the reasoning contains errors, output - after that step. If the reasoning in a step is logical and "
    "valid, output + after that step. "
)
FOVER = (
    "** Problem **\n{problem}\n\n** Task **\nYour task is to evaluate the accuracy of each step in the provided solution to "
    "the above question. For each step, respond with \"correct\" if the reasoning is logically valid and mathematically "
    "sound, or if the step is a general statement or transition that does not contain reasoning. Respond with "
    "\"incorrect\" if the step includes any errors or flawed logic.\n\n** Sotluion **\n{first_step}"
)
ODD = [
    ("Combien font ¾ + ½ ? 答えてください 🙂", ["¾ + ½ = 1¼.", "答えは 1¼ です。", "Donc: 5⁄4 ✓"]),
    ("  leading and trailing  ", [" a step ", "another\n", "\tthird"]),
    ("\n\nNewlines\n\nin it\n", ["\nfirst", "sec\n\nond", "third\n\n"]),
    ("x", ["a", "b", "c", "1", "-", "+"]),
    ("Solve $x^2 = 9$. \\[ x = ? \\]", ["\\(x = \\pm 3\\)", "- so 3", "+ or -3", "1. list\n2. list"]),
    ("don't I'LL we've", ["it's 12345.678%", "'s 's", "A\u0301 é é"]),
]


# --- Renderings: ids and read positions ---------------------------------------------------------------------------


def chatml(turns):
    return "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)


def llama(turns, system=""):
    head = f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{DATES}{system.strip()}<|eot_id|>"
    return head + "".join(f"<|start_header_id|>{r}<|end_header_id|>\n\n{c.strip()}<|eot_id|>" for r, c in turns)


def encode(tokenizer, text, special=False):
    return tokenizer.encode(text, add_special_tokens=special).ids


def where(ids, token):
    return [place for place, id in enumerate(ids) if id == token]


def marked(tokenizer, text, marker, special=True):
    """One string; the marker's id is the last that it has alone."""
    ids = encode(tokenizer, text, special)
    return ids, where(ids, encode(tokenizer, marker)[-1])


def qwen_prm(tokenizer, prompt, steps, system=BOXED):
    answer = "<extra_0>".join(steps) + "<extra_0>"
    return marked(tokenizer, chatml([("system", system), ("user", prompt), ("assistant", answer)]), "<extra_0>")


def outcome(tokenizer, prompt, steps, system=None):
    turns = ([("system", system)] if system else []) + [("user", prompt), ("assistant", "\n\n".join(steps))]
    ids = encode(tokenizer, chatml(turns))
    return ids, [len(ids) - 1]


def skywork(tokenizer, prompt, steps):
    ids, reads = encode(tokenizer, "<|im_start|>" + prompt + "\n"), []
    for line in "\n".join(steps).split("\n"):
        ids += (encode(tokenizer, line) if line else []) + encode(tokenizer, "\n")
        reads.append(len(ids) - 1)
    return ids, reads


def pieces(tokenizer, prompt, steps):
    ids, reads = encode(tokenizer, prompt), []
    for step in steps:
        ids += encode(tokenizer, step) + encode(tokenizer, "\n")
        reads.append(len(ids) - 1)
    return ids, reads


def reason_eval(tokenizer, prompt, steps):
    separator = "</s>"
    text = f"Question:\n{prompt}\nAnswer:\nLet's think step by step.\n" + separator
    ids, reads = [], []
    for id in encode(tokenizer, text + "".join(step + separator for step in steps), True):
        if id == encode(tokenizer, separator)[-1]:
            reads.append(len(ids) - 1)
        else:
            ids.append(id)
    return ids, reads[1:]


def math_minos(tokenizer, prompt, steps):
    body = "".join(f"Step {number}: {step} и\n" for number, step in enumerate(steps, 1))
    return marked(tokenizer, f"Human: {prompt}\n\nAssistant:{body}", "и")


def math_shepherd(tokenizer, prompt, steps):
    body = "\n".join(f"Step {number}: {step} ки" for number, step in enumerate(steps, 1))
    return marked(tokenizer, f"{prompt} {body}", "ки")


def versa(tokenizer, prompt, steps):
    return marked(tokenizer, prompt + " \n\n" + "".join(step + " \n\n\n\n" for step in steps), " \n\n\n\n")


def math_psa(tokenizer, prompt, steps):
    return marked(tokenizer, prompt + " " + "".join(step + " \n\n\n\n\n " for step in steps), " \n\n\n\n\n")


def med_prm(tokenizer, prompt, steps):
    explanation = " ".join(f"Step {number}: {step} ки" for number, step in enumerate(steps, 1))
    turns = [("user", f"Question: {prompt}\n\nExplanation: {explanation}")]
    text = llama(turns, MEDICAL) + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    return marked(tokenizer, text, " ки")


def before_verdicts(tokenizer, render, turns):
    """One pass a step, as published: the conversation up to a verdict, read just before it."""
    ids, reads = [], []
    for count in range(1, len(turns) + 1):
        talk = [turn for step in turns[:count] for turn in step]
        ids = encode(tokenizer, render(talk))
        upto = encode(tokenizer, render(talk[:-1] + [(talk[-1][0], "")]))
        # The verdict's opening is shared; it ends where the empty verdict's turn would end.
        reads.append(next(place for place, (a, b) in enumerate(zip(ids, upto)) if a != b) - 1)
    return ids, reads


def rlhflow(tokenizer, prompt, steps):
    turns = [[("user", f"{prompt} {step}" if number == 0 else step), ("assistant", "+")] for number, step in enumerate(steps)]
    return before_verdicts(tokenizer, llama, turns)


def fover_turns(prompt, steps):
    first = FOVER.format(problem=prompt, first_step=steps[0])
    return [[("user", first if number == 0 else step), ("assistant", "correct")] for number, step in enumerate(steps)]


def fover_llama(tokenizer, prompt, steps):
    return before_verdicts(tokenizer, llama, fover_turns(prompt, steps))


def fover_qwen(tokenizer, prompt, steps):
    return before_verdicts(tokenizer, lambda turns: chatml([("system", QWEN), *turns]), fover_turns(prompt, steps))


# --- Checkpoints ---------------------------------------------------------------------------------------------------

# Rendering, fixture, profile (None: found), tensors laid over it, architecture, chat template.
FAMILIES = [
    (qwen_prm, "qwen-prm", None, {}, None, None),
    (lambda *args: qwen_prm(*args, system=QWEN), "qwen-prm", "reasonflux", {}, None, QWEN_CHAT),
    (lambda *args: outcome(*args, system=BOXED), "qwen-prm", "qwen-rm", {"score.2.weight": 1, "score.2.bias": 1}, None, QWEN_CHAT),
    (skywork, "skywork", None, {}, None, None),
    (pieces, "trl-prm", None, {}, None, None),
    (pieces, "trl-prm", "pure", {}, None, None),
    (outcome, "qwen3-orm", None, {}, None, None),
    (lambda *args: outcome(*args, system=QWEN), "qwen3-orm", None, {}, None, QWEN_CHAT),
    (math_shepherd, "math-shepherd", "math-shepherd", {}, None, None),
    (reason_eval, "math-shepherd", None, {"score_head.weight": 3}, "ReasonEval_7B", None),
    (math_minos, "math-shepherd", "math-minos", {"score.weight": 1}, None, None),
    (versa, "qwen-prm", "versaprm", {}, None, None),
    (versa, "rlhflow", "versaprm", {}, None, None),
    (math_psa, "qwen-prm", "math-psa", {}, None, None),
    (med_prm, "rlhflow", "med-prm", {}, None, None),
    (rlhflow, "rlhflow", "rlhflow", {}, None, None),
    (fover_llama, "rlhflow", "fover", {}, None, None),
    (fover_qwen, "qwen-prm", "fover", {}, None, QWEN_CHAT),
]


def checkpoint(name, tensors, architecture, chat):
    """A fixture with tensors of some rows (zeros, bias or weight) laid over it, and a chat template."""
    folder = pathlib.Path(fixture(name))
    if name == "rlhflow":
        import rebuild_llama3
        (folder / "tokenizer.json").symlink_to(rebuild_llama3.rebuild())
    if chat:
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": chat}))
    if architecture:
        config = {**json.loads((folder / "config.json").read_text()), "architectures": [architecture]}
        (folder / "config.json").unlink()
        (folder / "config.json").write_text(json.dumps(config))
    if tensors:
        data = (folder / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        table, data = json.loads(data[8 : 8 + length]), data[8 + length :]
        kept = {key: value for key, value in table.items() if key not in tensors and key != "__metadata__"}
        body, entries = b"", {}
        for key, value in sorted(kept.items(), key=lambda item: item[1]["data_offsets"]):
            begin, end = value["data_offsets"]
            entries[key] = {**value, "data_offsets": [len(body), len(body) + end - begin]}
            body += data[begin:end]
        for key, rows in tensors.items():
            shape = [rows] if key.endswith(".bias") else [rows, 32]
            size = 4 * rows * (32 if len(shape) == 2 else 1)
            entries[key] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + size]}
            body += bytes(size)
        text = json.dumps(entries).encode()
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    return folder


@functools.cache
def tokenizer_of(file):
    """Read once: many families have one vocabulary."""
    import tokenizers

    return tokenizers.Tokenizer.from_file(str(file))


def compare(samples, family):
    render, name, profile, tensors, architecture, chat = family
    folder = checkpoint(name, tensors, architecture, chat)
    tokenizer = tokenizer_of((folder / "tokenizer.json").resolve())
    title = f"{profile or 'found'} on {name}"
    compared = lost = 0
    with Server(str(folder), *(["--profile", profile] if profile else [])) as server:
        for start in range(0, len(samples), 50):
            part = samples[start : start + 50]
            asked = [{"prompt": prompt, "steps": steps} for prompt, steps in part]
            status, answer = server.post("/v1/rewards", {"rollouts": asked, "return_token_ids": True})
            check(status == 200, f"{title}: {status}")
            for (prompt, steps), item in zip(part, answer["data"]):
                check("error" not in item, f"{title}: {item.get('error')} for {steps}")
                ids, reads = render(tokenizer, prompt, list(steps))
                per_line = sum(step.count("\n") + 1 for step in steps)
                expected = {skywork: per_line}.get(render, 1 if len(item["read_positions"]) == 1 else len(steps))
                if len(reads) != expected:
                    lost += 1
                    continue
                check(item["read_positions"] == reads, f"{title}: read at {item['read_positions']}, not {reads}, of {steps}")
                upto = reads[-1] + 1
                check(item["token_ids"][:upto] == ids[:upto], f"{title}: other ids for {prompt!r} {steps!r}")
                compared += 1
    print(f"{title}: {compared} rollouts, the same ids and positions" + (f"; the authors' code loses a step of {lost}" if lost else ""))
    check(compared >= len(samples) * 0.9, f"{title}: too few could be compared")


def main():
    words = arguments(__doc__)
    if not SHARED.is_dir():
        print(f"SKIPPED: {SHARED} is not there")
        return
    import parity
    if not libraries(*parity.REQUIREMENTS):
        print("SKIPPED: the PyPI package `tokenizers` cannot be installed, so nothing was compared")
        return
    real = [(row["prompt"], row["steps"]) for row in rollouts(100 if words.short else 3200)]
    for family in FAMILIES:
        compare(ODD + real, family)


if __name__ == "__main__":
    main()
