# Writes builtin-rewards.json: what transformers makes of the built-in model's files.
#
#   pip install torch transformers        (made with torch 2.15.0, transformers 5.23.0)
#   python3 make_builtin_rewards.py       after Deploy/builtin has made the model anew
#   python3 make_builtin_rewards.py DIR CHAINS.jsonl    compares a trained folder with `linchpin score` and writes nothing
#
# The tokenizer is loaded as the file says (PreTrainedTokenizerFast): AutoTokenizer of transformers 5 puts Qwen2's own
# split pattern in its place for every model of type qwen2, without a word.

import json
import subprocess
import sys
from pathlib import Path

import torch
from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILTIN = ROOT / "Sources/CBuiltIn/Resources"
LINCHPIN = ROOT / ".build/release/linchpin"


class Reference:
    def __init__(self, folder):
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()

    def render(self, prompt, steps):
        """TRL's layout: prompt and steps encoded apart, each step followed by the separator and read there."""
        ids, reads = self.encode(prompt), []
        for step in steps:
            ids += self.encode(step) + self.encode("\n")
            reads.append(len(ids) - 1)
        return ids, reads

    def encode(self, text):
        """As plain text, whatever it says: a step cannot forge a special token (promise P3)."""
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]

    @torch.no_grad()
    def rewards(self, ids, reads):
        logits = self.model(input_ids=torch.tensor([ids])).logits[0, reads]
        return torch.softmax(logits, dim=-1)[:, 1].tolist()


def chains():
    """Chains of the task, seen and longer, and texts that have nothing to do with it."""
    made = []
    for steps, seed in [("1-8", 31), ("10-10", 32)]:
        words = ["data", "arithmetic", "--count", "12", "--seed", str(seed), "--steps", steps]
        out = subprocess.run([str(LINCHPIN), *words], check=True, capture_output=True, text=True).stdout
        made += [json.loads(line) for line in out.splitlines()]
    made.append({"prompt": "Was ist 7 × 8?", "steps": ["7 × 8 = 56 ✓", "", "Also 56.\nFertig 😀"]})
    made.append({"prompt": "", "steps": [" 1234567 + 89", "<|endoftext|> is text"]})
    return made


def compare(folder, path):
    reference = Reference(folder)
    words = [str(LINCHPIN), "score", "--model", str(folder), str(path)]
    answers = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    worst, count = 0.0, 0
    for line, answer in zip(Path(path).read_text().splitlines(), answers, strict=True):
        chain, scored = json.loads(line), json.loads(answer)
        expected = reference.rewards(*reference.render(chain["prompt"], chain["steps"]))
        for step, reward in zip(scored["steps"], expected, strict=True):
            worst, count = max(worst, abs(step["reward"] - reward)), count + 1
    print(f"{count} rewards of {len(answers)} chains, largest difference {worst:.2e}")
    assert worst <= 1e-5


if len(sys.argv) == 3:
    compare(Path(sys.argv[1]), sys.argv[2])
else:
    reference = Reference(BUILTIN)
    cases = []
    for chain in chains():
        ids, reads = reference.render(chain["prompt"], chain["steps"])
        cases.append(
            {
                "prompt": chain["prompt"], "steps": chain["steps"], "ids": ids, "read_positions": reads,
                "rewards": [float(f"{reward:.9g}") for reward in reference.rewards(ids, reads)],
            }
        )
    (HERE / "builtin-rewards.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(cases)} chains, {sum(len(case['rewards']) for case in cases)} rewards")
