"""A policy's signals against transformers: MIG, IGPO and implicit rewards of real rollouts, on three layouts.

Checkpoints of random weights as transformers initialises them, the policy's and a reference's, are read by transformers
in float32, every prefix with every answer in a forward of its own, and by `linchpin signals` in one tree. The long form
has steeper weights too, whose distances are measured in float64. Needs torch, transformers and ../shared, and is
skipped without them.
"""

import copy
import importlib.util
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

from lifting import interpreter
from server import BINARY, SHARED, arguments, check, rollouts
from trl_training import PACKAGES

IGPO = {
    "answer_prefix": "\nNow there's enough information to answer\n</think>\n<answer>\n",
    "answer_suffix": "\n</answer><|im_end|>",
}
COMMON = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4}
COMMON |= {"num_key_value_heads": 2, "max_position_embeddings": 4096, "pad_token_id": None}
# Layout, tokenizer of ../shared, config: words tied and not, a window that bites.
LAYOUTS = [
    ("Qwen2", "qwen2.5", {"vocab_size": 151936, "tie_word_embeddings": True, "rope_theta": 1e6}),
    ("Llama", "qwen2.5", {"vocab_size": 151936, "tie_word_embeddings": False}),
    ("Mistral", "mistral", {"vocab_size": 32768, "tie_word_embeddings": False, "sliding_window": 100}),
]
BETA = 0.05  # implicit PRM
ROLES = ("policy", "reference")


# The standard deviation of steep weights; transformers' own is 0.02, where no word is much likelier than another.
STEEP = 0.1


def make(folder, layout, tokenizer, fields, seed, **spread):
    """A checkpoint of random float32 weights, and transformers' model of it."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(seed)
    # What is multiplied is too small for two threads: the second would mostly spin.
    torch.set_num_threads(1)
    config = getattr(transformers, layout + "Config")(**COMMON, **fields, **spread)
    model = getattr(transformers, layout + "ForCausalLM")._from_config(
        config, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((SHARED / f"tokenizers/{tokenizer}.tokenizer.json").read_bytes())
    return model


class Pieces:
    """Text to ids piece by piece, by Hugging Face's tokenizers."""

    def __init__(self, folder):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        text = json.loads((folder / "tokenizer.json").read_text())
        # SentencePiece puts a space before a text, which only the first of them shall have.
        self.marks = text["model"].get("byte_fallback", False)

    def first(self, text):
        return self.tokenizer.encode(text).ids

    def later(self, text):
        if not self.marks:
            return self.tokenizer.encode(text, add_special_tokens=False).ids
        before = self.tokenizer.encode("\n", add_special_tokens=False).ids
        return self.tokenizer.encode("\n" + text, add_special_tokens=False).ids[len(before):]


def logits(model, ids, first):
    """After every token from `first` on but the last, in the model's own precision."""
    import torch

    with torch.no_grad():
        return model(torch.tensor([ids]), logits_to_keep=len(ids) - first).logits[0, :-1]


def logs(rows, ids):
    """log softmax of each row's own token."""
    return rows.log_softmax(-1)[range(len(ids)), ids].tolist()


def entropies(rows):
    """verl's `entropy_from_logits` of each row, logsumexp(x) - sum(p x).

    In float32 it is 1.7e-6 from float64 over 152,000 words that are about equally likely; the sum of p log p, whose
    terms have one sign, is 1.3e-5 off by itself.
    """
    return (rows.logsumexp(-1) - (rows.softmax(-1) * rows).sum(-1)).tolist()


def expected(line, pieces, policy, reference):
    """What transformers says of a rollout, in the shape of an answer line."""
    prompt, last = pieces.first(line["prompt"]), len(line["steps"]) - 1
    steps = [pieces.later(s + (line["separator"] if i < last else "")) for i, s in enumerate(line["steps"])]
    ids = sum(steps, [])
    rows = logits(policy, prompt + ids, len(prompt) - 1)
    own, other = logs(rows, ids), logs(logits(reference, prompt + ids, len(prompt) - 1), ids)
    ratios = [a - b for a, b in zip(own, other)]
    ends = [sum(map(len, steps[:count])) for count in range(len(steps) + 1)]
    answers = []
    for answer in line["answers"]:
        counted = pieces.later(answer)
        means = []
        for end in ends:
            prefix = prompt + ids[:end] + pieces.later(line.get("answer_prefix", ""))
            after = logits(policy, prefix + counted, len(prefix) - 1)
            means.append(sum(logs(after, counted)) / len(counted))
        answers.append(means)
    spans = list(zip(ends, ends[1:]))
    return {
        "token_ids": ids, "token_logprob": own, "token_entropy": entropies(rows), "answer_logprob": answers,
        "logratio": {"token": ratios, "step": [{"sum": sum(ratios[a:b])} for a, b in spans]},
    }


def mig(levels):
    """Each new height of the answer's likelihood (credit-methods.md section 3)."""
    height, gains = levels[0], []
    for level in levels[1:]:
        gains.append(max(0.0, level - height))
        height = max(height, level)
    return gains


def igpo(levels):
    return [math.exp(b) - math.exp(a) for a, b in zip(levels, levels[1:])]


def distance(left, right):
    check(len(left) == len(right), f"{len(left)} numbers where transformers has {len(right)}")
    return max((abs(a - b) for a, b in zip(left, right)), default=0.0)


def signals(folder, lines, *flags):
    """The answers of `linchpin signals` by the lines' ids."""
    file = folder / "rollouts.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    models = [word for role in ROLES for word in ("--model", f"{role}={folder / role}")]
    done = subprocess.run(
        [str(BINARY), "signals", *models, *flags, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    check(done.returncode == 0, f"linchpin signals ended with {done.returncode}: {done.stderr}{done.stdout[-400:]}")
    answers = {}
    for text in done.stdout.splitlines():
        answer = json.loads(text)
        answer.pop("index")
        answers[answer["id"]] = answer
    return answers


def lines_of(chosen):
    """Rollouts with one or two answers, as IGPO wraps them or bare."""
    for place, rollout in enumerate(chosen):
        gold = rollout["steps"][-1].removeprefix("A: ")
        line = {key: rollout[key] for key in ("id", "prompt", "steps")} | {"separator": "\n", "answers": [gold]}
        if place % 2:
            line |= IGPO | {"answers": [gold, " " + gold + " dollars"]}
        yield line


def distances(pairs):
    """The largest difference of each signal, over pairs of answers."""
    worst = {}

    def note(name, left, right):
        worst[name] = max(worst.get(name, 0.0), distance(left, right))

    for one, other in pairs:
        check(one["token_ids"] == other["token_ids"], "other ids")
        note("logprob", one["token_logprob"], other["token_logprob"])
        note("entropy", one["token_entropy"], other["token_entropy"])
        for left, right in zip(one["answer_logprob"], other["answer_logprob"]):
            note("answer", left, right)
            note("MIG", mig(left), mig(right))
            note("IGPO", igpo(left), igpo(right))
        note("log-ratio", one["logratio"]["token"], other["logratio"]["token"])
        left, right = ([BETA * step["sum"] for step in of["logratio"]["step"]] for of in (one, other))
        note("implicit", left, right)
    return worst


def compare(layout, lines, answers, pieces, policy, reference):
    theirs = {line["id"]: expected(line, pieces, policy, reference) for line in lines}
    worst = distances((answers[name], theirs[name]) for name in theirs)
    figures = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    print(f"{layout}: {len(lines)} rollouts, largest difference from transformers: {figures}", flush=True)
    check(all(value <= 1e-5 for value in worst.values()), f"{layout}: more than 1e-5 from transformers ({figures})")


def compare_steep(layout, lines, answers, pieces, policy, reference):
    """Where transformers' float32 is itself more than 1e-5 off, Linchpin is no further from transformers' float64."""
    exact = {line["id"]: expected(line, pieces, *(copy.deepcopy(m).double() for m in (policy, reference)))
             for line in lines}
    theirs = {line["id"]: expected(line, pieces, policy, reference) for line in lines}
    own = distances((answers[name], exact[name]) for name in exact)
    bound = distances((theirs[name], exact[name]) for name in exact)
    figures = ", ".join(f"{name} {value:.1e} ({bound[name]:.1e})" for name, value in own.items())
    print(f"{layout}, steep: largest difference from float64 (transformers' float32): {figures}", flush=True)
    check(all(own[name] <= max(1e-5, bound[name]) for name in own), f"{layout}, steep: less exact ({figures})")


def company(layout, folder, lines, answers, chance, is_short):
    """The same bits in another order, alone, on other threads, without a cache and in small batches."""
    kinds = [
        ("in another order, in small batches, nothing kept", chance.sample(lines, len(lines)),
         ("--max-batch-tokens", "64", "--no-cache")),
        ("alone on three threads", [chance.choice(lines)], ("--threads", "3")),
        ("on one thread", lines, ("--threads", "1")),
        ("in another order", chance.sample(lines, len(lines)), ()),
    ]
    for name, chosen, flags in kinds[:2] if is_short else kinds:
        found = signals(folder, chosen, *flags)
        wrong = [key for key in found if found[key] != answers[key]]
        check(not wrong, f"{layout}: other bits {name}: {wrong[:3]}")


def quantised(layout, folder, lines, answers, most):
    """What eight bits a weight cost, beside the same model at full precision."""
    found = signals(folder, lines, "--precision", "int8")
    worst = distances((found[name], answers[name]) for name in found)
    figures = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    print(f"{layout}: int8 moves at most {figures}", flush=True)
    check(0 < worst["logprob"] <= most, f"{layout}: int8 moves a log-probability by {worst['logprob']}")


def main():
    options = arguments(__doc__)
    if not (SHARED / "tokenizers").is_dir():
        print(f"SKIPPED signals: {SHARED} is missing")
        return
    if not all(map(importlib.util.find_spec, ("torch", "transformers", "tokenizers"))):
        python = interpreter(*PACKAGES)
        if python is None:
            print("SKIPPED signals: transformers, or a torch for processors alone, is not to be had here")
            return
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode)
    chance = random.Random(options.seed)
    print(f"seed {options.seed}")
    chosen = chance.sample(rollouts(), 3 if options.short else 60)
    lines = list(lines_of([rollout for rollout in chosen if rollout["steps"]]))
    for layout, tokenizer, fields in LAYOUTS[:1] if options.short else LAYOUTS:
        with tempfile.TemporaryDirectory(prefix="linchpin-") as name:
            folder = pathlib.Path(name)
            models = [make(folder / role, layout, tokenizer, fields, options.seed + i) for i, role in enumerate(ROLES)]
            answers = signals(folder, lines)
            compare(layout, lines, answers, Pieces(folder / "policy"), *models)
            company(layout, folder, lines, answers, chance, options.short)
            quantised(layout, folder, lines, answers, 0.05)
            if options.short:
                continue
            models = [
                make(folder / role, layout, tokenizer, fields, options.seed + i, initializer_range=STEEP)
                for i, role in enumerate(ROLES)
            ]
            steep = signals(folder, lines[:8])
            compare_steep(layout, lines[:8], steep, Pieces(folder / "policy"), *models)
            quantised(f"{layout}, steep", folder, lines[:8], steep, 1)


if __name__ == "__main__":
    main()
