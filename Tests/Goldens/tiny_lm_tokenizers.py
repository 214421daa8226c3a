# Tokenizers of the Llama-3 and the Mistral kind with vocabularies of our own, and the templates that need them.
#
# Llama-3's is the Qwen2 kind with another pattern, `ignore_merges` and a beginning. Mistral's is SentencePiece's: a
# whole text is one word, spaces are "▁", and what no symbol stands for falls back to bytes.

import json
from collections import Counter

from tiny_tokenizer import CORPUS, PATTERN, Renderer, learn_merges, merge, tokenizer_json

# What `apply_chat_template` would run; ours is told by its tokens and never executed.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
)


def beginning(token, token_id):
    """The post-processor that puts a token before every text."""
    special, second = ({"SpecialToken": {"id": token, "type_id": i}} for i in (0, 1))
    first, other = ({"Sequence": {"id": name, "type_id": i}} for i, name in enumerate("AB"))
    return {
        "type": "TemplateProcessing",
        "single": [special, first],
        "pair": [special, first, second, other],
        "special_tokens": {token: {"id": token, "ids": [token_id], "tokens": [token]}},
    }


def llama_json():
    """tokenizer.json of the Llama-3 kind; "\\n\\n" is one token, as there."""
    added = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    merges = learn_merges(96)
    assert ("\u010a", "\u010a") in merges
    tokenizer = tokenizer_json(merges, added)
    tokenizer["normalizer"] = None
    split, byte_level = tokenizer["pre_tokenizer"]["pretokenizers"]
    split["pattern"]["Regex"] = PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
    start = tokenizer["added_tokens"][0]["id"]
    tokenizer["post_processor"] = {"type": "Sequence", "processors": [byte_level, beginning(added[0], start)]}
    tokenizer["model"]["ignore_merges"] = True
    return tokenizer


def mistral_json():
    """tokenizer.json of the Mistral kind; "▁ки", "▁+" and "▁-" are tokens, as there."""
    ascii = [chr(i) for i in range(ord("!"), ord("~") + 1)]
    merges = [("▁", "+"), ("▁", "-"), ("к", "и"), ("▁", "ки")]
    words = Counter(tuple("▁" + word) for word in CORPUS.split() if word.isascii())
    while len(merges) < 100:
        pairs = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        joined = Counter()
        for word, times in words.items():
            joined[merge(word, merges[-1])] += times
        words = joined
    symbols = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    symbols += ["".join(pair) for pair in merges] + ["▁", *ascii, "é", "и", "к", "½"]
    assert len(set(symbols)) == len(symbols)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": symbols[i], **flags} for i in range(3)],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, spaces]},
        "pre_tokenizer": None,
        "post_processor": beginning("<s>", 1),
        "decoder": {"type": "Sequence", "decoders": [back, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {symbol: i for i, symbol in enumerate(symbols)},
            "merges": [list(pair) for pair in merges],
        },
    }


class WordRenderer(Renderer):
    """The two templates whose rewards are logits of words."""

    def rlhflow(self, prompt, steps):
        """Template D1 of reference/prm-zoo.md 3: a user turn a step, each answered "+", read before the answer."""
        bos, start, end, over = (
            self.added[f"<|{name}|>"] for name in ("begin_of_text", "start_header_id", "end_header_id", "eot_id")
        )
        ids, reads = [bos], []
        for i, step in enumerate(steps):
            content = (prompt + " " + step if i == 0 else step).strip()
            ids += [start, *self.text("user"), end, *self.text("\n\n" + content), over]
            ids += [start, *self.text("assistant"), end, *self.text("\n\n")]
            reads.append(len(ids) - 1)
            ids += [*self.text("+"), over]
        return ids, reads

    def math_shepherd(self, prompt, steps):
        """Template C1: all of it is one text, read wherever the marker's token stands."""
        text = prompt + " " + "\n".join(f"Step {i + 1}: {step} ки" for i, step in enumerate(steps))
        ids = [self.added["<s>"], *self.text(text)]
        marker = self.plain.token_to_id("▁ки")
        reads = [position for position, id in enumerate(ids) if id == marker]
        assert len(reads) == len(steps), "a marker has merged with its neighbours"
        return ids, reads


def llama_settings():
    """tokenizer_config.json: where the chat template stands."""
    text = {"bos_token": "<|begin_of_text|>", "chat_template": CHAT_TEMPLATE, "eos_token": "<|eot_id|>"}
    return json.dumps(text | {"tokenizer_class": "PreTrainedTokenizerFast"}, indent=1).encode() + b"\n"
