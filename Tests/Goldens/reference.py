# A reward model on Qwen2, Qwen3, Llama or Mistral in numpy, read aloud.
#
# Independent of the Swift and C code and of torch: it was written from reference/prm-zoo.md 2.4, and `make_goldens.py`
# proves it on the rewards that transformers computed. One sequence at a time, no batching, no cache.

import json
import struct
from pathlib import Path

import numpy as np


def load_checkpoint(folder):
    """config.json as a dict, and every tensor of a single or sharded checkpoint as float64, exactly."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    index = folder / "model.safetensors.index.json"
    files = ["model.safetensors"]
    if index.exists():
        files = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    tensors = {}
    for name in files:
        tensors.update(parse_safetensors((folder / name).read_bytes()))
    return config, tensors


def parse_safetensors(data):
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = data[begin:end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        else:
            values = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2"}[entry["dtype"]])
        tensors[name] = values.astype(np.float64).reshape(entry["shape"])
    return tensors


class RewardModel:
    """ids -> one row of head outputs a read position; all arithmetic in `dtype`."""

    def __init__(self, config, tensors, dtype=np.float32):
        self.dtype = dtype
        self.tensors = {name: values.astype(dtype) for name, values in tensors.items()}
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        self.head_dim = config.get("head_dim") or config["hidden_size"] // self.heads
        self.eps = dtype(config["rms_norm_eps"])
        rope = config.get("rope_parameters") or config
        self.theta = rope["rope_theta"]
        self.scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
        # Of these families Mistral alone has its window on in a file that says nothing else.
        self.window = config["sliding_window"] if config["model_type"] == "mistral" else None
        tied = config.get("tie_word_embeddings")
        self.words = "model.embed_tokens.weight" if tied else "lm_head.weight"

    def linear(self, name, x):
        """[n, in] -> [n, out] with the stored [out, in] weight."""
        y = x @ self.tensors[name + ".weight"].T
        bias = self.tensors.get(name + ".bias")
        return y if bias is None else y + bias

    def rms(self, name, x):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.tensors[name + ".weight"]

    def rotations(self, count):
        """cos and sin of [n, 1, D/2] angles; the angles are float32, as in transformers."""
        exponents = np.arange(0, self.head_dim, 2) / self.head_dim
        frequencies = self.stretched((1.0 / self.theta**exponents).astype(np.float32))
        angles = np.arange(count, dtype=np.float32)[:, None, None] * frequencies
        return np.cos(angles.astype(self.dtype)), np.sin(angles.astype(self.dtype))

    def stretched(self, frequencies):
        """rope_scaling, in float32 as transformers has it."""
        kind = self.scaling.get("rope_type", "default")
        if kind == "default":
            return frequencies
        factor = np.float32(self.scaling["factor"])
        if kind == "linear":
            return frequencies / factor
        assert kind == "llama3", kind
        low, high = np.float32(self.scaling["low_freq_factor"]), np.float32(self.scaling["high_freq_factor"])
        turns = np.float32(self.scaling["original_max_position_embeddings"]) / (np.float32(2 * np.pi) / frequencies)
        smooth = (turns - low) / (high - low)
        blended = (1 - smooth) * frequencies / factor + smooth * frequencies
        return np.where(turns < low, frequencies / factor, np.where(turns > high, frequencies, blended))

    def rotate(self, x, cos, sin):
        """RoPE on halves (NeoX): [n, heads, D] -> the same shape."""
        a, b = np.split(x, 2, -1)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def attention(self, name, x, cos, sin):
        n = len(x)
        q = self.linear(name + ".q_proj", x).reshape(n, self.heads, self.head_dim)
        k = self.linear(name + ".k_proj", x).reshape(n, self.kv_heads, self.head_dim)
        v = self.linear(name + ".v_proj", x).reshape(n, self.kv_heads, self.head_dim)
        if name + ".q_norm.weight" in self.tensors:  # Qwen3
            q, k = self.rms(name + ".q_norm", q), self.rms(name + ".k_norm", k)
        q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
        hidden = np.triu(np.ones((n, n), bool), 1)
        if self.window is not None:  # a query sees itself and the window - 1 before it
            hidden |= np.tril(np.ones((n, n), bool), -self.window)
        out = np.empty_like(q)
        for head in range(self.heads):
            shared = head // (self.heads // self.kv_heads)
            scores = q[:, head] @ k[:, shared].T * self.dtype(self.head_dim**-0.5)
            scores[hidden] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            out[:, head] = weights / weights.sum(-1, keepdims=True) @ v[:, shared]
        return self.linear(name + ".o_proj", out.reshape(n, -1))

    def mlp(self, name, x):
        gate = self.linear(name + ".gate_proj", x)
        return self.linear(name + ".down_proj", gate / (1 + np.exp(-gate)) * self.linear(name + ".up_proj", x))

    def hidden(self, ids):
        x = self.tensors["model.embed_tokens.weight"][ids]
        cos, sin = self.rotations(len(ids))
        for layer in range(self.layers):
            name = f"model.layers.{layer}"
            x = x + self.attention(name + ".self_attn", self.rms(name + ".input_layernorm", x), cos, sin)
            x = x + self.mlp(name + ".mlp", self.rms(name + ".post_attention_layernorm", x))
        return self.rms("model.norm", x)

    def head(self, x, tokens=None):
        if tokens is not None:  # lm_tokens
            return x @ self.tensors[self.words][tokens].T
        if "score.0.weight" in self.tensors:  # mlp2
            return self.linear("score.2", np.maximum(self.linear("score.0", x), 0))
        return self.linear("v_head.summary" if "v_head.summary.weight" in self.tensors else "score", x)

    def rewards(self, ids, read_positions, reduction, tokens=None):
        z = self.head(self.hidden(np.asarray(ids))[read_positions], tokens)
        if reduction == "identity":
            return z[:, 0]
        if reduction == "sigmoid":
            return 1 / (1 + np.exp(-z[:, 0]))
        p = np.exp(z - z.max(-1, keepdims=True))
        p = p / p.sum(-1, keepdims=True)
        if reduction == "margin":
            return p[:, 1] - p[:, 0]
        return p[:, int(reduction.removeprefix("softmax[").removesuffix("]"))]
