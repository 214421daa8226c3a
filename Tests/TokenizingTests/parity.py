#!/usr/bin/env python3
"""Compares Sources/Tokenizing with Hugging Face `tokenizers` on random and real strings.

    python3 Tests/TokenizingTests/parity.py [--count 10000] [--seed 1] [--keep FILE] [--skip-build] [--only NAME]
    python3 Tests/TokenizingTests/parity.py --golden      writes Golden/ again, which every test run reads

`--count` strings for each tokenizer, in parts, so that memory is bounded. Each string is encoded twice by `tokenizers`:
as ordinary text (a tokenizer without added tokens) and with added tokens (`encode(add_special_tokens=False)`). Text and
ids go into a file that the test `ParityTests` compares with ours. The tokenizers are those of ../shared where it is
there, Qwen's with added tokens of every flag, Llama-3's (rebuild_llama3.py) and the small ones of Golden/. Needs the
PyPI package of `REQUIREMENTS`, installed into a scratch folder; where it cannot be, this says SKIPPED and succeeds,
unless `--must-run` is given.
"""
import argparse, functools, json, os, pathlib, random, subprocess, sys, tempfile

import rebuild_llama3

REQUIREMENTS = ["tokenizers==0.23.3"]
HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
SHARED = pathlib.Path(os.environ.get("LINCHPIN_SHARED", CHECKOUT.parent / "shared"))
PACKAGES = CHECKOUT / ".build" / "python-parity"
PART = 50_000  # strings in one file: some 60 MB
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# --- Tokenizers


def added(content, **flags):
    names = ["single_word", "lstrip", "rstrip", "normalized"]
    return {"content": content, **{name: flags.get(name, False) for name in names}, "special": True}


FLAGGED = [
    added("<step>"), added("<step>+"), added("<left>", lstrip=True), added("<right>", rstrip=True),
    added("<both>", lstrip=True, rstrip=True), added("word", single_word=True), added("\n\n", rstrip=True),
    added("e\u0301t\u00e9", normalized=True), added("\u1100\u1161", normalized=True), added("  "),
    added("one two", single_word=True, lstrip=True, normalized=True), added("<|im_end|>"),
    added("\u0301", normalized=True),
]


def byte_alphabet():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}
    return [letters[byte] for byte in range(256)]


def tiny():
    """A tokenizer.json that one can read: 256 bytes, a few merges, the added tokens of every flag."""
    pairs = ["Ġ Ġ", "ĠĠ ĠĠ", "t h", "th e", "Ġ the", "i n", "Ġ t", "e r", "o n", "a n", "an d", "Ġ and", "a a", "aa aa",
             "aaaa aaaa", "Ċ Ċ", "ĊĊ ĊĊ", "' s", "' l", "l l", "' ll", ". Ċ", "Ġ +", "Ġ -", "Ì ģ", "Ã ©", "e Ìģ", "à ¤",
             "ð Ł", "ðŁ ĺ", "ã ģ", "ì ķ", "ìķ Ī", "s t", "st e", "ste p", "< step", "step >", "< |", "| >", "Ġ Ċ", "č Ċ",
             "1 2", "= =", "== ==", "^ ^", "0 0", "b c", "a b", "ab c", "a bc"]
    merges = [pair.split(" ") for pair in pairs]
    vocab = {letter: byte for byte, letter in enumerate(byte_alphabet())}
    for left, right in merges:
        vocab.setdefault(left + right, len(vocab))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": QWEN2}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": numbered(FLAGGED, vocab),
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": pairs},
    }


def marked(name):
    """Small tokenizers of SentencePiece's kind, by what they do with spaces and unknown characters."""
    pairs = ["▁ t", "h e", "▁t he", "▁ ▁", "▁▁ ▁▁", "i n", "e r", "o n", "a n", "▁ a", "▁a n", "n d", "▁an d", "a a",
             "aa aa", "1 2", "= =", "== ==", "▁ =", "▁ +", "к и", "▁ ки", "s t", "e p", "st ep", "▁ step", "< step",
             "<0x0A> <0x0A>", "▁ 1", "▁ 12", "0 0", "l l", "' ll", "é t", "b c", "a b", "ab c", "a bc", "▁ bc"]
    if name == "never":  # merges that reach across a word's border
        pairs += [". ▁", ".▁ a", "a ▁", "▁ a▁"]
    characters = "▁" + "".join(map(chr, range(0x21, 0x7F))).replace("~", "").replace("Q", "") + "éки你\u0301\U0001f600"
    unknown, fuses, byte_values = {"legacy": ("<unk>", True, range(256)), "first": ("<unk>", True, []),
                                   "always": ("<unk>", False, range(0x80)), "never": (None, False, range(256))}[name]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256) if byte in byte_values]
    pairs = [pair for pair in pairs if byte_values or "<0x" not in pair]
    vocab = {token: index for index, token in enumerate(dict.fromkeys([*tokens, *characters]))}
    for pair in pairs:
        vocab.setdefault(pair.replace(" ", ""), len(vocab))
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": name, "split": name == "always"}
    if name == "always":  # as older files have it: the scheme is what the word for it defaults to
        metaspace = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "always"}
    text, begin, end = {"Sequence": {"id": "A", "type_id": 0}}, *(
        {"SpecialToken": {"id": token, "type_id": 0}} for token in ["<s>", "</s>"])
    special = [added(token, normalized=name == "first") for token in tokens[:3]]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": numbered(special + [token for token in FLAGGED if token["content"] != "word"], vocab),
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]}
        if name == "legacy" else None,
        "pre_tokenizer": None if name == "legacy" else metaspace,
        "post_processor": {
            "type": "TemplateProcessing", "single": [begin, text, end], "pair": [begin, text, end],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]} for token, id in [("<s>", 1), ("</s>", 2)]},
        },
        "decoder": {"type": "Sequence", "decoders": [{**replace, "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": unknown, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": fuses, "byte_fallback": len(byte_values) > 0, "ignore_merges": False,
                  "vocab": vocab, "merges": [pair.split(" ") for pair in pairs]},
    }


def unmerged():
    """The tiny tokenizer as Llama-3's kind: numbers of three digits, whole pieces that no merge makes."""
    tokenizer = tiny()
    vocab = tokenizer["model"]["vocab"]
    for word in ["Ġanswer", "answer", "100", "don", "ĠÐºÐ¸", "Ġanswerwithmorethanfifteenbytes", "Ċ" * 20]:
        vocab.setdefault(word, len(vocab))
    tokenizer["added_tokens"] = numbered(FLAGGED, vocab)
    tokenizer["normalizer"] = None
    tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = rebuild_llama3.PATTERN
    tokenizer["model"]["ignore_merges"] = True
    return tokenizer


GOLDEN = {"tiny": tiny, "unmerged": unmerged, **{name: lambda name=name: marked(name) for name in ["legacy", "first", "always", "never"]}}


def numbered(tokens, vocab):
    """Added tokens with the ids that `tokenizers` gives them: the model's own where it has them, then the next."""
    result, following = [], len(vocab)
    for token in tokens:
        known = vocab.get(token["content"])
        result.append({"id": following if known is None else known, **token})
        following += known is None
    return result


def without_added(tokenizer):
    return {**tokenizer, "added_tokens": []}


# --- Strings

SCALAR_RANGES = [
    (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x900, 0xE00), (0xE00, 0x1000),
    (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2070), (0x20D0, 0x2100), (0x2100, 0x2800), (0x3000, 0x3100),
    (0x4E00, 0xA000), (0xA640, 0xAB70), (0xAC00, 0xD7B0), (0xF900, 0xFB50), (0xFB1D, 0xFE30), (0xFE00, 0xFF00), (0x10000, 0x10FFF),
    (0x11000, 0x12000), (0x16000, 0x17000), (0x1D100, 0x1D250), (0x1D400, 0x1D800), (0x1F000, 0x1FAFF), (0x20000, 0x2FA20),
    (0xE0000, 0xE0200), (0x0, 0x110000), (0x0, 0x3000),
]
SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u180e\u200b\u200d\ufeff"
MARKS = "\u0300\u0301\u0303\u0308\u0323\u0327\u0334\u0345\u05b0\u05bc\u064b\u0651\u093c\u094d\u0e38\u0f71\u0f72\u1dce\u20d0\u3099\U0001d165"
WORDS = """the a of and step Step answer = + - * / 1 12 3.14 $5 100% don't DON'T I'll we'Re they've 'S 's 'T 'll 'LL '\u017f 'd 'M it's \\frac
{x} \\( \\) \\[ ^2 x_1 == != <= ** ## - ** ``` :) ... ?! \u2019s na\u00efve e\u0301t\u00e9 \u00e9t\u00e9 caf\u00e9 \u212b \u1e9b\u0323 \uac00\u11a8 \u1100\u1161\u11a8 \ud55c\uad6d\uc5b4 \u4f60\u597d
\u65e5\u672c\u8a9e \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0928\u092e\u0938\u094d\u0924\u0947 \u043f\u0440\u0438\u0432\u0435\u0442 \u043a\u0438 \u0645\u0631\u062d\u0628\u0627 \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7 \u263a\ufe0f \U0001f44d\U0001f3fd \u00bd \u2167 \u0664\u0662 \U0001d7d9
\U00011938 \U0001d15e \u0958 \u2126 \ufb01 \uff21 \U00016d68 word one two""".split()
SPECIAL = """<|im_start|> <|im_end|> <|endoftext|> <extra_0> <tool_call> </tool_call> <|im_end <|im_ end|> |im_end|> <|im_end|>> <<|im_end|>
<|fim_prefix|> <extra_0 extra_0> <extra_1> <|IM_END|> <step> <step>+ <step <left> <right> <both> word wordy \n\n""".split(" ")
SPECIAL += ["▁", "▁▁", "▁the", "<s>", "</s>", "<unk>", "<0x0A>", " ки", "~Q~", "ки\n", "▁ ▁"]
SPECIAL = [piece for text in SPECIAL for piece in text.split("\n") if piece] + ["\n\n", "  ", "one two", "\u1100\u1161", "e\u0301t\u00e9"]
NEWLINES = ["\n", "\r\n", "\r", "\n\n", "\n\n\n", " \n", "\n ", "\t\n", "\u2028", "\x85", "  \n  \n", ".\n\n", "!\n\n\nx"]


def scalar(random):
    while True:
        value = random.randrange(*random.choice(SCALAR_RANGES))
        if not 0xD800 <= value < 0xE000:
            return chr(value)


def unit(random):
    """One more bit of text, of one of the kinds that break tokenizers."""
    kind = random.randrange(14)
    if kind < 3: return " " + random.choice(WORDS)
    if kind == 3: return random.choice(WORDS)
    if kind == 4: return "".join(scalar(random) for _ in range(random.randrange(1, 6)))
    if kind == 5: return "".join(random.choice(SPACES) for _ in range(random.randrange(1, 6)))
    if kind == 6: return random.choice(NEWLINES)
    if kind == 7: return scalar(random) + "".join(random.choice(MARKS) for _ in range(random.randrange(1, 5)))
    if kind == 8: return random.choice(SPECIAL)
    if kind == 9: return "".join(random.choice("0123456789.,%$") for _ in range(random.randrange(1, 8)))
    if kind == 10: return "'" + random.choice(["s", "S", "\u017f", "t", "re", "RE", "r", "ve", "m", "ll", "lL", "l", "d", "k", "\u212a"])
    if kind == 11: return "".join(random.choice("!?.,;:-=+*/^_~()[]{}<>|\\\"'`@#$%&") for _ in range(random.randrange(1, 6)))
    if kind == 12: return chr(random.randrange(0xAC00, 0xD7A4)) + random.choice(["", "\u11a8", "\u1161", "\u11a7"])
    return random.choice("aZ^0= \n\u0301-'\u00e9\u4e00") * random.choice([1, 2, 3, 7, 16, 47, 48, 49, 50, 100, 300])


def random_text(random):
    kind = random.randrange(10)
    if kind == 0: return "".join(scalar(random) for _ in range(random.randrange(1, 40)))
    if kind == 1: return "".join(random.choice("ab^=0 \n's\u0301") for _ in range(random.randrange(1, 200)))
    return "".join(unit(random) for _ in range(random.randrange(1, 14)))


@functools.cache
def real_texts():
    path = SHARED / "data" / "gsm8k-rollouts.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [text for row in rows for text in [row["prompt"], row["response"], *row["steps"]]]


def texts(count, seed):
    """Two fifths of the strings are real where there are any, some of those with random bits between; all differ."""
    rng = random.Random(seed)
    real = real_texts()
    real = rng.sample(real, len(real))
    seen = set()
    while len(seen) < count:
        text = random_text(rng)
        if real and rng.random() < 0.4:
            text = real[len(seen) % len(real)]
            if text in seen or rng.random() < 0.3:
                cut = rng.randrange(len(text) + 1)
                text = text[:cut] + unit(rng) + text[cut:]
        if text not in seen:
            seen.add(text)
            yield text


# --- Comparing


def rows(tokenizer, strings):
    """What `tokenizers` makes of each string, as lines of the file that `ParityTests` reads."""
    from tokenizers import Tokenizer
    plain = Tokenizer.from_str(json.dumps(without_added(tokenizer)))
    full = Tokenizer.from_str(json.dumps(tokenizer))
    for start in range(0, len(strings), 1000):
        part = strings[start:start + 1000]
        for text, one, other in zip(part, plain.encode_batch(part, add_special_tokens=False),
                                    full.encode_batch(part, add_special_tokens=False)):
            row = {"text": text, "ids": one.ids}
            if other.ids != one.ids:
                row["ids_added"] = other.ids
            yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def tokenizer_paths():
    """Those of ../shared, one of them with added tokens of every flag, Llama-3's and the small ones."""
    small = [HERE / "Golden" / f"{name}.tokenizer.json" for name in GOLDEN]
    shared = [SHARED / "tokenizers" / f"{name}.tokenizer.json" for name in ["qwen2.5-prm", "qwen2.5", "mistral"]]
    if not shared[0].exists():
        print(f"no large tokenizers: {SHARED} is not there")
        return small
    try:
        shared.append(rebuild_llama3.rebuild())
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"SKIPPED: Llama-3's tokenizer, since its vocabulary cannot be had ({error})")
    flagged = json.loads(shared[0].read_text(encoding="utf-8"))
    flagged["added_tokens"] = numbered(FLAGGED, flagged["model"]["vocab"])
    path = PACKAGES / "flagged.tokenizer.json"
    path.write_text(json.dumps(flagged, ensure_ascii=False), encoding="utf-8")
    return [*shared, path, *small]


def parts(paths, count, seed):
    """Lists of tokenizers and strings, about `PART` strings in each list."""
    part, held = [], 0
    for number, path in enumerate(paths):
        for start in range(0, count, PART):
            strings = list(texts(min(PART, count - start), f"{seed} {number} {start}"))
            part.append((path, strings))
            held += len(strings)
            if held >= PART:
                yield part
                part, held = [], 0
    if part:
        yield part


def write(path, part):
    with open(path, "w", encoding="utf-8") as file:
        for tokenizer, strings in part:
            file.write(json.dumps({"tokenizer": str(tokenizer)}) + "\n")
            for row in rows(json.loads(tokenizer.read_text(encoding="utf-8")), strings):
                file.write(row + "\n")


def compare(path, options):
    """Runs the test on one file; whether all ids agree."""
    if options.program:
        command = [str(options.program.resolve()), "--testing-library", "swift-testing", "--filter", "ParityTests"]
    else:
        command = ["swift", "test", "-c", "release", "--filter", "ParityTests", *(["--skip-build"] if options.skip_build else [])]
    test = subprocess.run(command, cwd=CHECKOUT, env={**os.environ, "LINCHPIN_PARITY": str(path.resolve())},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    result = [line for line in test.stdout.splitlines() if line.startswith("parity: ")]
    print(*(result if test.returncode == 0 and result else [test.stdout]), sep="\n", flush=True)
    return test.returncode == 0 and len(result) == 1


def write_golden():
    folder = HERE / "Golden"
    folder.mkdir(exist_ok=True)
    global real_texts
    real_texts = list
    for name, make in GOLDEN.items():
        tokenizer = make()
        path = folder / f"{name}.tokenizer.json"
        indent = 1 if name == "tiny" else None
        path.write_text(json.dumps(tokenizer, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")
        strings = [text for text in texts(400, 7) if len(text) < 200][:250 if name == "tiny" else 120]
        lines = [json.dumps({"tokenizer": path.name}), *rows(tokenizer, strings)]
        (folder / f"{name}.parity.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000, help="strings for each tokenizer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[], help="tokenizers whose file names begin so")
    parser.add_argument("--keep", type=pathlib.Path, help="write the compared file (the last, if many) here and leave it")
    parser.add_argument("--golden", action="store_true")
    parser.add_argument("--must-run", action="store_true")
    parser.add_argument("--skip-build", action="store_true", help="the tests are built already")
    parser.add_argument("--program", type=pathlib.Path, help="the built test program, in place of `swift test`")
    options = parser.parse_args()
    install = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action=ignore",
                              "--target", str(PACKAGES), "--upgrade", *REQUIREMENTS])
    if install.returncode != 0:
        print("SKIPPED: the PyPI package `tokenizers` cannot be installed, so nothing was compared")
        return 1 if options.must_run else 0
    sys.path.insert(0, str(PACKAGES))
    if options.golden:
        write_golden()
        return 0
    paths = [path for path in tokenizer_paths() if not options.only or path.name.startswith(tuple(options.only))]
    print("real texts of ../shared among the strings" if real_texts() else f"no real texts: {SHARED} is not there")
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or pathlib.Path(folder) / "parity.jsonl"
        for part in parts(paths, options.count, options.seed):
            print(*(f"{len(strings)} strings for {tokenizer.name}" for tokenizer, strings in part), sep="\n", flush=True)
            write(path, part)
            if not compare(path, options):
                return 1
    print(f"{options.count} strings for each of {len(paths)} tokenizers, as ordinary text and with added tokens: all equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
