"""Checkpoints that a check makes for itself: our golden, saturated, or in a shape that keeps the kernel busy."""

import array
import json
import pathlib
import random
import shutil
import struct

from server import ROOT

GOLDEN = ROOT / "Tests/Goldens/tiny-prm"
# Between the golden's microseconds and a real model's seconds: 0.7 million parameters a layer.
MIDDLE = {"hidden_size": 256, "intermediate_size": 704, "max_position_embeddings": 4096}


def read(file):
    """The table of a safetensors file, and its data."""
    whole = file.read_bytes()
    (length,) = struct.unpack_from("<Q", whole)
    return json.loads(whole[8 : 8 + length]), bytearray(whole[8 + length :])


def write(file, table, data):
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


def copied(folder, **config):
    """The golden without its weights, in a folder that this makes."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    shutil.copyfile(GOLDEN / "tokenizer.json", folder / "tokenizer.json")
    known = json.loads((GOLDEN / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**known, **config}))
    return folder


def saturated(folder):
    """The golden with its last layer 2^13 times as large: every reward is exactly 0 or 1."""
    folder = copied(folder)
    table, data = read(GOLDEN / "model.safetensors")
    for name in ("score.2.weight", "score.2.bias"):
        begin, end = table[name]["data_offsets"]
        for place in range(begin, end, 2):
            (bits,) = struct.unpack_from("<H", data, place)
            # The exponent of a bfloat16 stands behind its 7 bits of fraction.
            if bits & 0x7FFF:
                struct.pack_into("<H", data, place, bits + (13 << 7))
    write(folder / "model.safetensors", table, data)
    return str(folder)


def middle(folder, seed, layers=4):
    """Random weights in the shape above; rewards of different rollouts differ."""
    folder = copied(folder, **MIDDLE, num_hidden_layers=layers)
    golden, _ = read(GOLDEN / "model.safetensors")
    hidden, inner = MIDDLE["hidden_size"], MIDDLE["intermediate_size"]
    # Lengths of the golden as those of this shape: of 8 values a head pair, 16 hidden, 24 inside.
    widths = {8: hidden // 2, 16: hidden, 24: inner}
    first = {name: entry for name, entry in golden.items() if ".layers.0." in name}
    shapes = {name: entry["shape"] for name, entry in golden.items() if "shape" in entry and ".layers." not in name}
    for layer in range(layers):
        shapes |= {name.replace(".0.", f".{layer}.", 1): entry["shape"] for name, entry in first.items()}
    numbers = random.Random(seed)
    # As many as a prime, so that no two rows of a matrix are the same piece of them.
    block = array.array("f", (numbers.uniform(-1.7, 1.7) for _ in range(65_521)))
    table, data = {}, bytearray()
    for name, shape in shapes.items():
        shape = [widths.get(length, length) for length in shape]
        piece = tensor(block, name, shape, numbers)
        table[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    write(folder / "model.safetensors", table, data)
    return str(folder)


def tensor(block, name, shape, numbers):
    """Norms of ones; deviation 1 in the table of words, small in a bias, 1 / sqrt(inputs) in a matrix, more last."""
    count, scale = shape[0], 0.125
    if len(shape) == 2:
        count, scale = shape[0] * shape[1], 1.0 if "embed" in name else shape[1] ** -0.5
    if name == "score.2.weight":
        scale *= 4
    if "norm" in name:
        return bfloat16(array.array("f", [1.0])) * count
    some = bfloat16(array.array("f", (scale * value for value in block)))
    start = 2 * numbers.randrange(len(block))
    return (some * (2 + 2 * count // len(some)))[start : start + 2 * count]


def bfloat16(values):
    """The upper halves of float32s."""
    whole = values.tobytes()
    half = bytearray(len(whole) // 2)
    half[0::2], half[1::2] = whole[2::4], whole[3::4]
    return bytes(half)
