# A tokenizer.json of the Qwen2 kind with a vocabulary of our own.
#
# The alphabet of 256 bytes, merges learnt from the sentences below, and a few added tokens.

import json
from collections import Counter

from tokenizers import Tokenizer

# The known split pattern of Qwen2 and its components, by value: a loader accepts this string and no other.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CORPUS = """Please reason step by step, and put your final answer within \\boxed{}.
The total is the sum of the parts. There are three apples and the rest is sold. What is the total?
So the answer is \\boxed{\\frac{1}{2}}. That is, we add the two and then we take the rest.
This step is the one that is wrong; the other steps are right.

Then x + 1 = 2, so x = 1.  How many are there in all? She has some of them, and he has the other.
café thé été  déjà

user

assistant

system
"""


def byte_alphabet():
    """The printable stand-in of each byte, in GPT-2's order: printable bytes stand for themselves."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def learn_merges(count):
    """Byte-pair merges of the corpus; the most frequent first, ties by spelling."""
    pieces = Tokenizer.from_str(json.dumps(tokenizer_json([], []))).pre_tokenizer.pre_tokenize_str(CORPUS)
    words = Counter(tuple(piece) for piece, _ in pieces)
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        joined = Counter()
        for word, times in words.items():
            joined[merge(word, best)] += times
        words = joined
    return merges


def merge(word, pair):
    symbols, i = [], 0
    while i < len(word):
        step = 2 if word[i : i + 2] == pair else 1
        symbols.append("".join(word[i : i + step]))
        i += step
    return tuple(symbols)


def tokenizer_json(merges, added, merges_as_strings=False):
    """tokenizer.json as a dict; merges are pairs (tokenizers >= 0.20) or strings (older)."""
    symbols = list(byte_alphabet().values()) + ["".join(pair) for pair in merges]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": len(symbols) + i, "content": text, **flags} for i, text in enumerate(added)],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {symbol: i for i, symbol in enumerate(symbols)},
            "merges": [" ".join(pair) if merges_as_strings else list(pair) for pair in merges],
        },
    }


class Renderer:
    """Text to ids with special-token parsing off, and added tokens by name."""

    def __init__(self, tokenizer):
        self.added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        # `encode` of a tokenizer that has no added tokens: nothing in a caller's text can be one.
        self.plain = Tokenizer.from_str(json.dumps(tokenizer | {"added_tokens": []}))

    def text(self, text):
        return self.plain.encode(text, add_special_tokens=False).ids

    def qwen_prm(self, prompt, steps):
        """Template A of reference/prm-zoo.md 3: every step is read at the marker after it."""
        start, end, marker = (self.added[name] for name in ("<|im_start|>", "<|im_end|>", "<extra_0>"))
        system = "system\nPlease reason step by step, and put your final answer within \\boxed{}."
        ids, reads = [], []
        for turn in (system, "user\n" + prompt):
            ids += [start, *self.text(turn), end, *self.text("\n")]
        ids += [start]
        # The header and the first step are one text: a step that starts with newlines merges with it.
        for i, step in enumerate(steps):
            ids += [*self.text("assistant\n" + step if i == 0 else step), marker]
            reads.append(len(ids) - 1)
        return ids + [end, *self.text("\n")], reads

    def pieces(self, prompt, steps):
        """Templates B2 and B3: prompt, then each step and a newline, encoded one by one; read at the newline."""
        ids, reads = self.text(prompt), []
        for step in steps:
            ids += self.text(step) + self.text("\n")
            reads.append(len(ids) - 1)
        return ids, reads
