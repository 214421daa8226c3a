#!/usr/bin/env python3
"""Writes Sources/Tokenizing/UnicodeTables.swift from what Hugging Face `tokenizers` itself does.

    python3 Tests/TokenizingTests/make_unicode_tables.py [--check]

Every property is asked of `tokenizers` for each of the 1,112,064 Unicode scalars: \\p{L}, \\p{N} and \\s of its regex
engine (Oniguruma), \\w of its single-word test (Rust's regex), and the decompositions, compositions and combining
classes of its NFC normaliser, which are of an older Unicode than the rest. `unicodedata2` only proposes; whatever
`tokenizers` does not confirm stops the script. Needs the PyPI packages of `REQUIREMENTS`, installed into a scratch
folder beside the build. `--check` writes nothing and fails where the committed file differs.
"""
import pathlib, subprocess, sys

REQUIREMENTS = ["tokenizers==0.23.3", "unicodedata2==18.0.0"]
CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = CHECKOUT / ".build" / "python-unicode"
TABLES = CHECKOUT / "Sources" / "Tokenizing" / "UnicodeTables.swift"

subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action=ignore",
                "--target", str(PACKAGES), "--upgrade", *REQUIREMENTS], check=True)
sys.path.insert(0, str(PACKAGES))
import tokenizers
import unicodedata2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
nfd = normalizers.NFD().normalize_str
nfc = normalizers.NFC().normalize_str
HANGUL = range(0xAC00, 0xAC00 + 11172)
MARKS_BY_CLASS = {240: 0x345}  # filled up below: one mark of every combining class


def matches(pattern):
    """The scalars that a one-character pattern of `tokenizers` matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = split.pre_tokenize_str("".join(map(chr, SCALARS)))
    assert all(len(piece) == 1 for piece, _ in found)
    return sorted(ord(piece) for piece, _ in found)


def words():
    """The scalars before which a single-word added token is not recognised."""
    tokenizer = Tokenizer(models.BPE({"\0": 0}, []))
    tokenizer.add_tokens([AddedToken("=", single_word=True, normalized=False)])
    found = []
    for start in range(0, len(SCALARS), 100_000):
        part = SCALARS[start:start + 100_000]
        answers = tokenizer.encode_batch([chr(c) + "=" for c in part])
        found += [c for c, answer in zip(part, answers) if "=" not in answer.tokens]
    return found


def combining_classes():
    """Scalar to combining class, where it is not 0, each confirmed by how NFD sorts the scalar among other marks."""
    def swaps(first, second):
        return nfd("a" + chr(first) + chr(second)) != "a" + nfd(chr(first)) + nfd(chr(second))

    for c in SCALARS:
        # A mark that is younger than the normaliser's Unicode is not sorted before U+0345, of the highest class.
        if unicodedata2.combining(chr(c)) and swaps(0x345, c):
            MARKS_BY_CLASS.setdefault(unicodedata2.combining(chr(c)), c)

    def has_class(c, k):
        return all(swaps(mark, c) == (0 < k < other) and swaps(c, mark) == (0 < other < k)
                   for other, mark in MARKS_BY_CLASS.items() if mark != c)

    classes = {}
    for c in SCALARS:
        if c in HANGUL:
            continue
        proposed = unicodedata2.combining(chr(c))
        if proposed and has_class(c, proposed):
            classes[c] = proposed
        elif proposed:
            assert has_class(c, 0), f"U+{c:04X}: the combining class is neither {proposed} nor 0"
        elif len(nfd(chr(c))) == 1:
            # Unmoved behind the highest class and before the lowest: its own class is 0.
            assert not swaps(0x345, c) and not swaps(c, 0x334), f"U+{c:04X} has a combining class"
    return classes


def decompositions():
    """Scalar to (first, second or 0, whether NFC puts it together again): one canonical step, Hangul left out."""
    table = {}
    for c in SCALARS:
        if c in HANGUL or nfd(chr(c)) == chr(c):
            continue
        parts = [int(part, 16) for part in unicodedata2.decomposition(chr(c)).split()]
        assert 1 <= len(parts) <= 2, f"U+{c:04X} has no canonical decomposition"
        first, second = (parts + [0])[:2]
        table[c] = (first, second, second != 0 and nfc(chr(first) + chr(second)) == chr(c))
    return table


def check(classes, table):
    """Our own NFC by these tables, against `tokenizers`, for every scalar alone and for every pair that composes."""
    def expand(c):
        if c in HANGUL:
            lead, rest = divmod(c - 0xAC00, 588)
            return [0x1100 + lead, 0x1161 + rest // 28] + ([0x11A7 + rest % 28] if rest % 28 else [])
        if c not in table:
            return [c]
        first, second, _ = table[c]
        return expand(first) + (expand(second) if second else [])

    composites = {(first, second): c for c, (first, second, composes) in table.items() if composes}
    assert len(composites) == sum(composes for _, _, composes in table.values())
    for c in SCALARS:
        assert nfd(chr(c)) == "".join(map(chr, expand(c))), f"U+{c:04X}: another NFD"
        if c in table:
            first, second, composes = table[c]
            assert (nfc(chr(c)) == chr(c)) == composes, f"U+{c:04X}: another NFC"
            assert not second or classes.get(first, 0) == 0 or not composes
        else:
            assert nfc(chr(c)) == chr(c), f"U+{c:04X}: another NFC"
    firsts = sorted({first for first, _ in composites})
    for second in sorted({second for _, second in composites}):
        for first in firsts:
            expected = composites.get((first, second))
            if expected is None and len(expand(first)) > 1:
                continue  # the second may compose with what is inside the first
            got = nfc(chr(first) + chr(second))
            assert got == (chr(expected) if expected else chr(first) + chr(second)), f"{first:04X} {second:04X}"


def digits(value):
    """An unsigned number as base-32 digits, lowest first, from '0'; the digits that another follows lie 32 higher."""
    text = ""
    while value >= 32:
        text += chr(48 + 32 + value % 32)
        value //= 32
    return text + chr(48 + value)


def ranges(values):
    """Ascending scalars as gap, length, gap, length ..."""
    text, end, index = "", 0, 0
    while index < len(values):
        last = index
        while last + 1 < len(values) and values[last + 1] == values[last] + 1:
            last += 1
        text += digits(values[index] - end) + digits(last - index + 1)
        end = values[last] + 1
        index = last + 1
    return text


def class_ranges(classes):
    """Ascending scalars of one combining class as gap, length, class ..."""
    text, end = "", 0
    for c in sorted(classes):
        if c < end:
            continue
        last = c
        while classes.get(last + 1) == classes[c]:
            last += 1
        text += digits(c - end) + digits(last - c + 1) + digits(classes[c])
        end = last + 1
    return text


def steps(table):
    """Gap to the scalar, its first part, and its second part doubled, plus 1 where the pair composes."""
    text, end = "", 0
    for c in sorted(table):
        first, second, composes = table[c]
        text += digits(c - end) + digits(first) + digits(second * 2 + composes)
        end = c + 1
    return text


def literal(name, comment, text):
    lines = "\n".join(text[start:start + 108] for start in range(0, len(text), 108))
    lines = "\n".join("        " + line for line in lines.split("\n"))
    return f'    /// {comment}\n    static let {name}: String = #"""\n{lines}\n        """#\n'


def main():
    letters, numbers, spaces, word = matches(r"\p{L}"), matches(r"\p{N}"), matches(r"\s"), words()
    classes, table = combining_classes(), decompositions()
    check(classes, table)
    assert matches(r"(?i:s)") == [0x53, 0x73, 0x17F]
    for plain in "tredvml":
        assert matches(f"(?i:{plain})") == [ord(plain.upper()), ord(plain)]
    swift = f"""// Unicode as Hugging Face tokenizers {tokenizers.__version__} has it.
// Written by Tests/TokenizingTests/make_unicode_tables.py; do not edit. Read by UnicodeNumbers (ScalarClasses.swift):
// base-32 digits, lowest first, from "0"; a digit that another follows lies 32 higher. Line ends mean nothing.
// \\p{{L}}: {len(letters)} scalars, \\p{{N}}: {len(numbers)}, \\s: {len(spaces)}, \\w: {len(word)}; NFC: {len(table)} decompositions, \
{len(classes)} combining marks.

enum UnicodeTables {{
""" + "\n".join([
        literal("letters", "`\\p{L}`: gap, length, ...", ranges(letters)),
        literal("numbers", "`\\p{N}`: gap, length, ...", ranges(numbers)),
        literal("spaces", "`\\s`: gap, length, ...", ranges(spaces)),
        literal("words", "`\\w` of the single-word test: gap, length, ...", ranges(word)),
        literal("combiningClasses", "Canonical combining classes: gap, length, class, ...", class_ranges(classes)),
        literal("decompositions", "One canonical step: gap, first, second * 2 + (1 where NFC composes the pair), ...",
                steps(table)),
    ]) + "}\n"
    if "--check" in sys.argv:
        assert TABLES.read_text() == swift, f"{TABLES} is not what this script writes"
    else:
        TABLES.write_text(swift)
    print(f"{TABLES.name}: L {len(letters)}, N {len(numbers)}, S {len(spaces)}, W {len(word)}, "
          f"ccc {len(classes)}, decompositions {len(table)}, {len(swift)} bytes")


main()
