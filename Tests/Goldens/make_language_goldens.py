# Writes language.json: what three layouts of language models say of a few rollouts.
#
#   pip install numpy tokenizers          (made with numpy 2.4.6 and tokenizers 0.23.3)
#   python3 make_language_goldens.py            writes it
#   python3 make_language_goldens.py --check    compares with what is here and writes nothing
#   python3 make_language_goldens.py --transformers    compares with transformers instead (5.23.0: 9.5e-6 at most)
#
# Each number from a forward of its own over prompt, steps, prefix and answer: no tree, no cache, the softmax over the
# whole vocabulary at once. Ids are put together from pieces as Sources/Scoring/PolicyLayout.swift says.

import json
import sys

import numpy as np

sys.dont_write_bytecode = True  # no __pycache__ in the checkout

from reference import RewardModel, load_checkpoint
from pathlib import Path

HERE = Path(__file__).parent
CHECKPOINTS = ["tiny-prm", "tiny-llama", "tiny-mistral"]  # Qwen2, Llama (tied), Mistral (a window, linear rope)

ROLLOUTS = [
    {
        "title": "sums",
        "prompt": "Start with 12. Add 7, then multiply by 2.",
        "steps": ["12 + 7 = 19", "19 * 2 = 38", "The answer is 38."],
        "answers": ["38", "thirty-eight"],
    },
    {"title": "one step", "prompt": "Add 1 to 9.", "steps": ["It is 10."], "answers": ["10"]},
    {
        "title": "wrapped as IGPO has it",
        "prompt": "Who wrote it?",
        "steps": ["Let me look.\n", "  Indented, with <|im_end|> in it", "", "É: so it was Jane."],
        "answers": ["Jane", " Jane Austen"],
        "prefix": "\nNow there's enough information to answer\n</think>\n<answer>\n",
        "suffix": "\n</answer><|im_end|>",
    },
    {
        "title": "the suffix counts",
        "prompt": "Add 1 to 9.",
        "steps": ["9 + 1 = 10", "So 10."],
        "answers": ["1", "10"],
        "prefix": "\nAnswer: ",
        "suffix": "\n",
        "counts_suffix": True,
    },
    {
        "title": "longer than a block",
        "prompt": "Say it again and again.",
        "steps": [f"This is line {line}, and it says again that {line} + {line} = {2 * line}." for line in range(9)],
        "answers": ["16"],
    },
]
SEPARATOR = "\n\n"


class Pieces:
    """Text to ids as HF's tokenizers have them, but without added tokens: plain text."""

    def __init__(self, folder):
        from tokenizers import Tokenizer

        raw = json.loads((folder / "tokenizer.json").read_text())
        raw["added_tokens"] = [] if raw["pre_tokenizer"] else raw["added_tokens"]
        self.tokenizer = Tokenizer.from_str(json.dumps(raw | {"post_processor": None}))
        self.opening = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("").ids
        self.marks = not raw["pre_tokenizer"] or raw["pre_tokenizer"]["type"] == "Metaspace"

    def first(self, text):
        return self.opening + self.tokenizer.encode(text, add_special_tokens=False).ids

    def later(self, text):
        """SentencePiece puts a space before a text, so it is encoded behind a newline."""
        if not self.marks:
            return self.tokenizer.encode(text, add_special_tokens=False).ids
        before = self.tokenizer.encode("\n", add_special_tokens=False).ids
        ids = self.tokenizer.encode("\n" + text, add_special_tokens=False).ids
        assert ids[: len(before)] == before
        return ids[len(before) :]


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def signals(rollout, pieces, logits):
    """`logits` gives those after every token of a sequence."""
    prompt = pieces.first(rollout["prompt"])
    last = len(rollout["steps"]) - 1
    steps = [pieces.later(s + (SEPARATOR if i < last else "")) for i, s in enumerate(rollout["steps"])]
    ids = sum(steps, [])
    logs = log_softmax(logits(prompt + ids))[len(prompt) - 1 : -1]
    case = {"prompt_ids": prompt, "step_ids": steps}
    case["logprobs"] = [logs[i, token] for i, token in enumerate(ids)]
    case["entropies"] = list(-(np.exp(logs) * logs).sum(-1))
    case["answer_logprobs"] = []
    for answer in rollout["answers"]:
        before = pieces.later(rollout.get("prefix", ""))
        counted = pieces.later(answer)
        if rollout.get("counts_suffix"):
            counted = counted + pieces.later(rollout["suffix"])
        means = []
        for count in range(len(steps) + 1):
            prefix = prompt + sum(steps[:count], []) + before
            logs = log_softmax(logits(prefix + counted))[len(prefix) - 1 : -1]
            means.append(np.mean([logs[i, token] for i, token in enumerate(counted)]))
        case["answer_logprobs"].append(means)
    return case


def rounded(case):
    def numbers(value):
        return [numbers(v) for v in value] if isinstance(value, list) else round(float(value), 7)

    keys = ("logprobs", "entropies", "answer_logprobs")
    return {key: numbers(value) if key in keys else value for key, value in case.items()}


def numpy_logits(folder):
    config, tensors = load_checkpoint(folder)
    model = RewardModel(config, tensors, np.float64)
    return lambda ids: model.hidden(np.asarray(ids)) @ model.tensors[model.words].T


def torch_logits(folder):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    def logits(ids):
        with torch.no_grad():
            return model(torch.tensor([ids])).logits[0].numpy()

    return logits


def cases(backend):
    for name in CHECKPOINTS:
        pieces, logits = Pieces(HERE / name), backend(HERE / name)
        for rollout in ROLLOUTS:
            yield {"checkpoint": name, "separator": SEPARATOR} | rollout | rounded(signals(rollout, pieces, logits))


def flat(value):
    return sum((flat(v) for v in value), []) if isinstance(value, list) else [value]


def main():
    path = HERE / "language.json"
    if "--transformers" in sys.argv:
        worst = 0.0
        for own, other in zip(json.loads(path.read_text()), cases(torch_logits)):
            for key in ("prompt_ids", "step_ids"):
                assert own[key] == other[key], (own["checkpoint"], own["title"], key)
            for key in ("logprobs", "entropies", "answer_logprobs"):
                worst = max(worst, np.abs(np.array(flat(own[key])) - np.array(flat(other[key]))).max())
        print(f"largest difference from transformers {worst:.1e}")
        assert worst <= 1e-5
        return
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases(numpy_logits))
    data = f"[\n{lines}\n]\n".encode()
    print(f"{len(data)} bytes")
    if "--check" in sys.argv:
        sys.exit(0 if path.exists() and path.read_bytes() == data else "different: language.json")
    path.write_bytes(data)


if __name__ == "__main__":
    main()
