"""Signals through HTTP: MIG, IGPO and implicit rewards of texts as `linchpin signals` and transformers have them.

The same random checkpoints as signals.py makes, served as policy and reference beside a reward model. What is answered
has the same bits alone, in company, in another order and on either route. Needs torch, transformers and ../shared.
"""

import importlib.util
import pathlib
import random
import subprocess
import sys
import tempfile

from lifting import interpreter
from server import SHARED, Server, arguments, check, fixture, rollouts
from signals import BETA, LAYOUTS, Pieces, distance, expected, igpo, lines_of, make, mig, signals
from trl_training import PACKAGES

METHODS = ["mig", "igpo", "implicit_prm"]


def wrapped(line):
    """What a request says of all its rollouts."""
    return {key: line.get("answer_" + key) or "" for key in ("prefix", "suffix")}


def asked(server, path, method, lines):
    """The items of an answer by the rollouts' ids."""
    body = {"rollouts": lines, "method": method, "answer_format": wrapped(lines[0]), "return_signals": True}
    status, answer = server.post(path, body)
    check(status == 200, f"{path} {method}: {status} {str(answer)[:400]}")
    roles = ["policy", "reference"] if method == "implicit_prm" else ["policy"]
    check([model["role"] for model in answer["language_models"]] == roles, f"{method} was computed by other models")
    total = sum(item["signal_tokens"]["total"] + item.get("tokens", 0) for item in answer["data"])
    check(answer["usage"]["total_tokens"] == total, f"{method}: usage is not {total}")
    return {item.pop("id"): {key: value for key, value in item.items() if key != "index"} for item in answer["data"]}


def column(item):
    return [step["credit"] for step in item["steps"]]


def likeliest(answers):
    return [max(levels) for levels in zip(*answers)]


def compare(layout, line, items, own, other):
    """The largest difference from transformers; of `linchpin signals` there is none."""
    name = f"{layout}: {line['id']}"
    levels = likeliest(own["answer_logprob"])
    for method in ("mig", "igpo"):
        item = items[method]
        check(item["signals"] == {"answer_logprob": levels}, f"{name}: {method} has other levels than the command")
        check(item["answer_logprobs"] == own["answer_logprob"], f"{name}: {method} has other answers than the command")
        check(item["signal_tokens"]["answers"] == own["answer_tokens"], f"{name}: other tokens of answers")
    implicit = items["implicit_prm"]
    check(implicit["signals"] == {"logratio": own["logratio"]["token"]}, f"{name}: other log-ratios than the command")
    check(implicit["logratio"] == own["logratio"], f"{name}: other sums of log-ratios than the command")
    for item in items.values():
        check(item["token_spans"] == own["token_spans"], f"{name}: other spans than the command")
        check(item["signal_tokens"]["ids"] == own["token_ids"], f"{name}: other tokens than the command")
    for found, wanted in ((column(items["mig"]), mig(levels)), (column(items["igpo"]), igpo(levels)),
                          (column(implicit), [BETA * step["sum"] for step in own["logratio"]["step"]])):
        check(distance(found, wanted) < 1e-12, f"{name}: credits {found} are not those of the command, {wanted}")
    levels = likeliest(other["answer_logprob"])
    return max(distance(column(items["mig"]), mig(levels)), distance(column(items["igpo"]), igpo(levels)),
               distance(column(implicit), [BETA * step["sum"] for step in other["logratio"]["step"]]),
               abs(items["mig"]["reward"] - sum(mig(levels))))


def company(server, layout, lines, items, chance):
    """The same bits alone, in another order and beside a reward model."""
    for method in METHODS:
        line = chance.choice(lines)
        alone = asked(server, "/v1/credit", method, [line])[line["id"]]
        turned = asked(server, "/v1/credit", method, chance.sample(lines, len(lines)))
        scored = asked(server, "/v1/rewards", method, lines)
        check(alone == items[method][line["id"]], f"{layout}: {method} has other bits alone")
        check(turned == items[method], f"{layout}: {method} has other bits in another order")
        for name, item in items[method].items():
            for key in ("reward", "signals", "token_spans", "token_credit"):
                check(scored[name][key] == item[key], f"{layout}: {method} has another {key} on /v1/rewards")
            check(column(scored[name]) == column(item), f"{layout}: {method} has other credits on /v1/rewards")


def main():
    options = arguments(__doc__)
    if not (SHARED / "tokenizers").is_dir():
        print(f"SKIPPED signal_routes: {SHARED} is missing")
        return
    if not all(map(importlib.util.find_spec, ("torch", "transformers", "tokenizers"))):
        python = interpreter(*PACKAGES)
        if python is None:
            print("SKIPPED signal_routes: transformers, or a torch for processors alone, is not to be had here")
            return
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], check=False).returncode)
    chance = random.Random(options.seed)
    chosen = [rollout for rollout in chance.sample(rollouts(), 4 if options.short else 40) if rollout["steps"]]
    # Without a group: what is normalised among rollouts depends on them.
    lines = list(lines_of(chosen))
    for layout, tokenizer, fields in LAYOUTS[:1] if options.short else LAYOUTS:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-"))
        policy = make(folder / "policy", layout, tokenizer, fields, options.seed)
        reference = make(folder / "reference", layout, tokenizer, fields, options.seed + 1)
        own, pieces, worst = signals(folder, lines), Pieces(folder / "policy"), 0.0
        flags = [word for role in ("policy", "reference") for word in ("--model", f"{role}={folder / role}")]
        with Server(fixture("qwen-prm"), *flags) as server:
            # Those that are wrapped, and those that are bare: a request has one format.
            for part in (lines[::2], lines[1::2]):
                items = {method: asked(server, "/v1/credit", method, part) for method in METHODS}
                for line in part:
                    found = {method: items[method][line["id"]] for method in METHODS}
                    other = expected(line, pieces, policy, reference)
                    worst = max(worst, compare(layout, line, found, own[line["id"]], other))
                company(server, layout, part, items, chance)
        check(worst <= 1e-5, f"{layout}: {worst:.1e} from transformers")
        print(f"{layout}: {len(lines)} rollouts through HTTP as by the command, {worst:.1e} from transformers, the same "
              f"bits alone, in another order and on /v1/rewards; seed {options.seed}", flush=True)


if __name__ == "__main__":
    main()
