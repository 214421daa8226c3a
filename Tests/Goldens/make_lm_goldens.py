# Writes tiny-llama and tiny-mistral: language models whose own logits of two tokens are the reward.
#
#   pip install numpy tokenizers          (made with numpy 2.4.6 and tokenizers 0.23.3)
#   python3 make_lm_goldens.py            writes the goldens
#   python3 make_lm_goldens.py --check    compares with what is here and writes nothing
#   python3 make_lm_goldens.py --transformers    compares with transformers instead (5.23.0: 1.1e-6 at most)
#
# Some cases are rollouts, the others mere token ids of lengths that matter to attention. Weights and rounding as in
# `make_goldens.py`, which proves the reference.

import sys

import numpy as np

sys.dont_write_bytecode = True  # no __pycache__ in the checkout

from make_goldens import HERE, ROLLOUTS, Chance, as_json, make_weights, safetensors
from reference import RewardModel, parse_safetensors
from tiny_lm_tokenizers import WordRenderer, llama_json, llama_settings, mistral_json

# What both configs hold; the sizes differ.
COMMON = {
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-05,
    "use_cache": True,
}


def tiny_llama():
    """Llama-3.1's layout with all that its config may ask for: biases, a head_dim of its own, tied words, old keys."""
    return COMMON | {
        "architectures": ["LlamaForCausalLM"],
        "bos_token_id": 352,
        "eos_token_id": 356,
        "attention_bias": True,
        "head_dim": 12,
        "hidden_size": 16,
        "intermediate_size": 24,
        "mlp_bias": True,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "pretraining_tp": 1,
        # Of the six frequencies one is kept, one is blended and four are stretched.
        "rope_scaling": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 64,
            "rope_type": "llama3",
        },
        "rope_theta": 500000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.43.0",
        "vocab_size": 384,
    }


def tiny_mistral():
    """Mistral's layout in today's keys: a window shorter than most cases, untied words, rope stretched evenly."""
    return COMMON | {
        "architectures": ["MistralForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "dtype": "float16",
        "head_dim": None,
        "hidden_size": 24,
        "intermediate_size": 40,
        "model_type": "mistral",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "rope_parameters": {"factor": 2.5, "rope_theta": 10000.0, "rope_type": "linear"},
        "sliding_window": 10,
        "tie_word_embeddings": False,
        "transformers_version": "5.23.0",
        "vocab_size": 512,
    }


# Tokens in all and read positions: around the window, around the blocks of 64 that the kernels take, and the limit.
LENGTHS = {
    "two tokens": (2, [0, 1]),
    "shorter than the window": (9, [3, 8]),
    "as long as the window": (10, [9]),
    "a token more": (11, [8, 9, 10]),
    "one block": (64, [0, 31, 62, 63]),
    "a block and one token": (65, [11, 62, 63, 64]),
    "two blocks and some": (150, [10, 63, 64, 74, 127, 128, 138, 149]),
    "every position": (40, list(range(40))),
    "exactly 512 tokens": (512, [100, 255, 256, 511]),
}


# Steps of spaces alone are empty once a chat template has trimmed them.
TEXTS = {title: rollout for title, rollout in ROLLOUTS.items() if title != "spaces"}


def inputs(config, render, chance):
    """Title -> what a case holds besides its rewards."""
    for title, (prompt, steps) in TEXTS.items():
        ids, reads = render(prompt, steps)
        yield title, {"prompt": prompt, "steps": steps, "ids": ids, "read_positions": reads}
    for title, (length, reads) in LENGTHS.items():
        ids = [int(i) % config["vocab_size"] for i in chance.integers(length)]
        yield title, {"ids": ids, "read_positions": reads}


def make_cases(name, family, config, render, tokens, model, exact, chance):
    """Cases in the format of ../shared/fixtures/cases.json; those of ids alone have neither prompt nor steps."""
    cases = []
    for title, case in inputs(config, render, chance):
        ids, reads = case["ids"], case["read_positions"]
        rewards = exact.rewards(ids, reads, "softmax[0]", tokens)
        single = model.rewards(ids, reads, "softmax[0]", tokens)
        assert np.abs(rewards - single).max() < 5e-6, (title, np.abs(rewards - single).max())
        case = {"checkpoint": name, "family": family, "title": title} | case
        case |= {"head": "lm_tokens", "reduction": "softmax[0]", "candidate_tokens": tokens}
        cases.append(case | {"rewards": [round(float(reward), 7) for reward in rewards]})
    return cases


def checkpoint(name, family, config, tokenizer, words, dtype, seed):
    """Path -> bytes of a folder; `words` are the tokens whose logits compete."""
    tokens = [tokenizer["model"]["vocab"][word] for word in words]
    render = getattr(WordRenderer(tokenizer), family.replace("-", "_"))
    weights = make_weights(config, Chance(seed), [], with_lm_head=not config["tie_word_embeddings"])
    # As large as an output layer's, so that the rewards spread where the words are tied.
    if config["tie_word_embeddings"]:
        weights["model.embed_tokens.weight"] *= 32
    data = safetensors(weights, dtype)
    stored = parse_safetensors(data)
    exact, model = RewardModel(config, stored, np.float64), RewardModel(config, stored)
    cases = make_cases(name, family, config, render, tokens, model, exact, Chance(seed + 1))
    rewards = [reward for case in cases for reward in case["rewards"]]
    print(f"{name}: {len(cases)} cases, {len(rewards)} rewards from {min(rewards):.3f} to {max(rewards):.3f}")
    files = {"config.json": as_json(config), "model.safetensors": data, "cases.json": as_json(cases)}
    files |= {"tokenizer.json": as_json(tokenizer), "linchpin.json": b'{"profile":"%s"}\n' % family.encode()}
    if family == "rlhflow":
        files["tokenizer_config.json"] = llama_settings()
    return {HERE / name / file: content for file, content in files.items()}


def compare_with_transformers(name):
    """What is here, against transformers in float32, and its chat template against our rendering."""
    import json

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = HERE / name
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    worst = 0.0
    for case in json.loads((folder / "cases.json").read_text()):
        if name == "tiny-mistral" and case.get("prompt") == "Add 1 to 9.":
            text = "Add 1 to 9. " + "\n".join(f"Step {i + 1}: {step} ки" for i, step in enumerate(case["steps"]))
            assert tokenizer(text)["input_ids"] == case["ids"]
        if name == "tiny-llama" and case["title"] in ("one step", "apples", "sums"):
            turns = []
            for i, step in enumerate(case["steps"]):
                turns.append({"role": "user", "content": case["prompt"] + " " + step if i == 0 else step})
                turns.append({"role": "assistant", "content": "+"})
            assert tokenizer.apply_chat_template(turns, return_dict=False) == case["ids"], case["title"]
        with torch.no_grad():
            logits = model(torch.tensor([case["ids"]])).logits[0, case["read_positions"]]
        rewards = logits[:, case["candidate_tokens"]].softmax(-1)[:, 0].numpy()
        worst = max(worst, np.abs(rewards - np.array(case["rewards"])).max())
    print(f"{name}: largest difference from transformers {worst:.1e}")
    assert worst <= 1e-5


def main():
    if "--transformers" in sys.argv:
        for name in ("tiny-llama", "tiny-mistral"):
            compare_with_transformers(name)
        return
    goldens = checkpoint("tiny-llama", "rlhflow", tiny_llama(), llama_json(), ["+", "-"], "BF16", 31)
    goldens |= checkpoint("tiny-mistral", "math-shepherd", tiny_mistral(), mistral_json(), ["▁+", "▁-"], "F16", 7)
    print(f"{sum(map(len, goldens.values()))} bytes in {len(goldens)} files")
    if "--check" in sys.argv:
        wrong = [str(path) for path, data in goldens.items() if not path.exists() or path.read_bytes() != data]
        sys.exit(f"different: {', '.join(wrong)}" if wrong else 0)
    for path, data in goldens.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
