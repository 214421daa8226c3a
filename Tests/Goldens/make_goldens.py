# Writes the tiny checkpoints of this folder and their rewards.
#
#   pip install numpy tokenizers          (made with numpy 2.4.6 and tokenizers 0.23.3)
#   python3 make_goldens.py               proves the reference on ../shared where it is there, then writes the goldens
#   python3 make_goldens.py --check       the same, but compares with what is here and writes nothing
#
# Weights come from integers through exact arithmetic, and rewards are computed in float64 and rounded to 7 digits, so
# any machine makes the same bytes. `reference.py` is the model, `tiny_tokenizer.py` the tokenizer and templates.

import json
import os
import struct
import sys
from pathlib import Path

import numpy as np

sys.dont_write_bytecode = True  # no __pycache__ in the checkout

from reference import RewardModel, load_checkpoint, parse_safetensors
from tiny_tokenizer import Renderer, learn_merges, tokenizer_json

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("LINCHPIN_SHARED", HERE.parents[2] / "shared"))

# --- The reference, proven on what transformers computed -------------------------------------------------------------

PROVEN = ["qwen-prm", "qwen-prm-sharded", "skywork", "trl-prm", "qwen3-orm", "math-shepherd", "rlhflow"]


def prove():
    """Ids and rewards of ../shared/fixtures: equal, and within 1e-5."""
    cases = json.loads((SHARED / "fixtures/cases.json").read_text())
    worst = 0.0
    for name in PROVEN:
        config, tensors = load_checkpoint(SHARED / "fixtures" / name)
        model = RewardModel(config, tensors)
        vocabulary = "qwen2.5-prm" if name.startswith("qwen-prm") else "qwen2.5"
        renderer = Renderer(json.loads((SHARED / f"tokenizers/{vocabulary}.tokenizer.json").read_text()))
        render = {"qwen-prm": renderer.qwen_prm, "trl": renderer.pieces, "pure": renderer.pieces}
        mine = [case for case in cases if case["checkpoint"] == name]
        differences = []
        for case in mine:
            if case["family"] in render:
                ids, reads = render[case["family"]](case["prompt"], case["steps"])
                assert (ids, reads) == (case["ids"], case["read_positions"]), (name, case["title"])
            rewards = model.rewards(case["ids"], case["read_positions"], case["reduction"], case["candidate_tokens"])
            differences.append(np.abs(rewards - np.array(case["rewards"])).max())
        print(f"{name:17} {len(mine):2} cases, largest difference {max(differences):.1e}")
        worst = max(worst, *differences)
    assert worst <= 1e-5, worst


# --- Weights ---------------------------------------------------------------------------------------------------------


class Chance:
    """SplitMix64, and bell-shaped numbers from it by additions alone: exact, so equal on every machine."""

    def __init__(self, seed):
        self.state = seed

    def integers(self, count):
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = steps + np.uint64(self.state)
        self.state = int(z[-1])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    def bell(self, shape):
        """Mean 0, deviation 1: the sum of twelve uniform numbers, less 6."""
        uniform = (self.integers(12 * int(np.prod(shape))) >> np.uint64(32)).astype(np.float64) / 2**32
        return uniform.reshape(*shape, 12).sum(-1) - 6


def make_weights(config, chance, head, with_lm_head):
    """All tensors of a reward model by name, float64."""
    hidden, inter, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    dim = config.get("head_dim") or hidden // config["num_attention_heads"]
    q, kv = config["num_attention_heads"] * dim, config["num_key_value_heads"] * dim
    tensors = {}
    # Qwen2 has biases before attention alone; Llama's config may ask for them there and behind, and in the MLP.
    asked, in_mlp = bool(config.get("attention_bias")), 0.25 if config.get("mlp_bias") else None
    before = config["model_type"] == "qwen2" or asked

    def linear(name, out, inputs, gain, bias=None):
        tensors[name + ".weight"] = chance.bell((out, inputs)) * (gain / 2 ** round(np.log2(inputs) / 2))
        if bias is not None:
            tensors[name + ".bias"] = chance.bell((out,)) * bias

    def norm(name):
        tensors[name + ".weight"] = 1 + chance.bell((hidden,)) / 8

    # Small embeddings, as in real checkpoints: the epsilon of the first norm then shows in the rewards.
    tensors["model.embed_tokens.weight"] = chance.bell((vocab, hidden)) / 64
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        norm(name + "input_layernorm")
        linear(name + "self_attn.q_proj", q, hidden, 1.5, bias=0.5 if before else None)
        linear(name + "self_attn.k_proj", kv, hidden, 1.5, bias=0.5 if before else None)
        linear(name + "self_attn.v_proj", kv, hidden, 1, bias=0.25 if before else None)
        linear(name + "self_attn.o_proj", hidden, q, 1, bias=0.25 if asked else None)
        norm(name + "post_attention_layernorm")
        linear(name + "mlp.gate_proj", inter, hidden, 1, bias=in_mlp)
        linear(name + "mlp.up_proj", inter, hidden, 1, bias=in_mlp)
        linear(name + "mlp.down_proj", hidden, inter, 1, bias=in_mlp)
    norm("model.norm")
    if with_lm_head:
        linear("lm_head", vocab, hidden, 1)
    for name, out, gain in head:
        linear(name, out, hidden, gain, bias=0.25)
    return tensors


def bf16(values):
    """Nearest bfloat16, ties to even, as bytes."""
    bits = values.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def f16(values):
    return values.astype("<f2").tobytes()


def safetensors(tensors, dtype):
    """The bytes of a .safetensors file."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name in sorted(tensors):
        raw = {"BF16": bf16, "F16": f16}[dtype](tensors[name])
        shape = list(tensors[name].shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


# --- Rollouts --------------------------------------------------------------------------------------------------------

ROLLOUTS = {
    "one step": ("What is 2+3?", ["2 + 3 = 5"]),
    "apples": (
        "Nora has 12 apples, gives 5 to Tom and buys 8 more. How many apples are there in all?",
        ["She has 12 - 5 = 7 left.", "Then 7 + 8 = 16.\n(7 < 16)", "The answer is \\boxed{16}."],
    ),
    "unicode": (
        "Combien font ½ de 30 € ? 合計は？ 🧮",
        ["½ × 30 € = 15 €", "cafe\u0301 = café, Å = \u212b", "👩‍🔬 答え: “15”\u00a0…"],
    ),
    "leading newlines": ("\n\n Solve y^2 = 4.\t ", ["\n y = 2", "or y = -2 ", "\r\n\\boxed{\\pm 2}\n\n"]),
    "marker-like text": (
        "<|im_end|>\n<|im_start|>assistant\nIs <extra_0> a token?",
        ["No: <extra_0> is text.", "<extra_0>", "<|im_end|>\n", "<|endoftext|><|im_start|>user\n1"],
    ),
    "spaces": ("   ", [" ", "\t", "a   b", "'S'll we'D"]),
    "control": ("nul \0 and bell \a", ["\0", "\x7f\u200b\ufeff", "a\u0300\u0301b"]),
    "sums": (
        "Add 1 to 9.",
        [f"{n * (n - 1) // 2} + {n} = {n * (n + 1) // 2}" for n in range(1, 10)],
    ),
}


def fill_to(render, prompt, steps, limit):
    """The rollout with digits appended to its last step (one token each) until it is exactly `limit` tokens long."""
    missing = limit - len(render(prompt, steps)[0])
    assert missing > 0
    steps = [*steps[:-1], steps[-1] + "".join(str((7 * i) % 10) for i in range(missing))]
    assert len(render(prompt, steps)[0]) == limit
    return prompt, steps


def make_cases(checkpoint, model, exact, render, families, limit):
    """Cases in the format of ../shared/fixtures/cases.json."""
    rollouts = dict(ROLLOUTS)
    rollouts[f"exactly {limit} tokens"] = fill_to(render, "Count.", ["One.", "So the digits are: "], limit)
    cases = []
    for title, (prompt, steps) in rollouts.items():
        ids, reads = render(prompt, steps)
        for family, head, reduction in families:
            rewards = exact.rewards(ids, reads, reduction)
            single = model.rewards(ids, reads, reduction)
            assert np.abs(rewards - single).max() < 5e-6, (title, np.abs(rewards - single).max())
            cases.append(
                {
                    "checkpoint": checkpoint,
                    "family": family,
                    "title": title,
                    "prompt": prompt,
                    "steps": steps,
                    "ids": ids,
                    "read_positions": reads,
                    "head": head,
                    "reduction": reduction,
                    "candidate_tokens": None,
                    "rewards": [round(float(reward), 7) for reward in rewards],
                }
            )
    return cases


# --- The two checkpoints ---------------------------------------------------------------------------------------------


def tiny_prm(merges):
    """Qwen2.5-Math-PRM's layout: old config keys, remote code named, bf16, an lm_head that nothing reads."""
    tokenizer = tokenizer_json(merges, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"])
    config = {
        "architectures": ["Qwen2ForProcessRewardModel"],
        "auto_map": {"AutoModel": "modeling_qwen2_rm.Qwen2ForProcessRewardModel"},
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "eos_token_id": tokenizer["added_tokens"][2]["id"],
        "hidden_act": "silu",
        "hidden_size": 16,
        "initializer_range": 0.02,
        "intermediate_size": 24,
        "max_position_embeddings": 512,
        "max_window_layers": 28,
        "model_type": "qwen2",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "pad_token_id": tokenizer["added_tokens"][0]["id"],
        "rms_norm_eps": 1e-05,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "sliding_window": 131072,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.37.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 384,
    }
    weights = make_weights(config, Chance(64), [("score.0", 16, 1.5), ("score.2", 2, 1.5)], with_lm_head=True)
    files = {"model.safetensors": safetensors(weights, "BF16")}
    families = [("qwen-prm", "mlp2", "softmax[1]")]
    return checkpoint("tiny-prm", config, tokenizer, files, "qwen_prm", families)


def tiny_trl(merges):
    """What TRL's PRMTrainer writes today: new config keys, no label names, F16, two shards, merges as strings."""
    tokenizer = tokenizer_json(merges, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], merges_as_strings=True)
    config = {
        "architectures": ["Qwen2ForTokenClassification"],
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "dtype": "float16",
        "eos_token_id": tokenizer["added_tokens"][0]["id"],
        "hidden_act": "silu",
        "hidden_size": 24,
        "initializer_range": 0.02,
        "intermediate_size": 40,
        "layer_types": ["full_attention"] * 3,
        "max_position_embeddings": 512,
        "model_type": "qwen2",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 3,
        "pad_token_id": tokenizer["added_tokens"][0]["id"],
        "rms_norm_eps": 1e-06,
        "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
        "sliding_window": None,
        "tie_word_embeddings": False,
        "transformers_version": "5.23.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 384,
    }
    weights = make_weights(config, Chance(95), [("score", 2, 2)], with_lm_head=False)
    names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    place = {name: names[0 if "embed" in name or "layers.0" in name else 1] for name in sorted(weights)}
    files = {
        file: safetensors({name: weights[name] for name in weights if place[name] == file}, "F16") for file in names
    }
    size = 2 * sum(values.size for values in weights.values())
    files["model.safetensors.index.json"] = as_json({"metadata": {"total_size": size}, "weight_map": place})
    families = [("trl", "linear", "softmax[1]"), ("pure", "linear", "margin")]
    return checkpoint("tiny-trl", config, tokenizer, files, "pieces", families)


def checkpoint(name, config, tokenizer, files, template, families):
    """Path -> bytes of a whole folder, with the cases computed from the weights as stored."""
    stored = {}
    for file, data in files.items():
        if file.endswith(".safetensors"):
            stored |= parse_safetensors(data)
    exact, model = RewardModel(config, stored, np.float64), RewardModel(config, stored)
    render = getattr(Renderer(tokenizer), template)
    cases = make_cases(name, model, exact, render, families, config["max_position_embeddings"])
    rewards = [reward for case in cases if case["reduction"] == "softmax[1]" for reward in case["rewards"]]
    print(f"{name}: {len(cases)} cases, {len(rewards)} rewards from {min(rewards):.3f} to {max(rewards):.3f}")
    files = files | {"config.json": as_json(config), "tokenizer.json": as_json(tokenizer), "cases.json": as_json(cases)}
    return {HERE / name / file: data for file, data in files.items()}


def as_json(value):
    """Indented, but with lists of numbers on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=True)
    lines, flat = [], False
    for line in text.split("\n"):
        word = line.strip()
        number = word.rstrip(",").replace(".", "").replace("-", "").replace("e", "").isdigit()
        if number or flat and word in ("]", "],"):
            lines[-1] += ("" if lines[-1].endswith("[") or word.startswith("]") else " ") + word
            flat = number
        else:
            lines.append(line)
            flat = False
    result = "\n".join(lines) + "\n"
    assert json.loads(result) == value
    return result.encode()


def main():
    if (SHARED / "DESIGN.md").exists():
        prove()
    else:
        print("SKIPPED: the proof, since ../shared is not beside this checkout")
    merges = learn_merges(96)
    goldens = tiny_prm(merges) | tiny_trl(merges)
    print(f"{sum(map(len, goldens.values()))} bytes in {len(goldens)} files")
    if "--check" in sys.argv:
        wrong = [str(path) for path, data in goldens.items() if not path.exists() or path.read_bytes() != data]
        sys.exit(f"different: {', '.join(wrong)}" if wrong else 0)
    for path, data in goldens.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
