"""A checkpoint of Qwen2.5-Math-PRM-7B's layout is inspected at once, and loaded in the memory that its weights need.

15.3 GB are written under $LINCHPIN_SCRATCH (or the system's temporary folder) and removed afterwards; the machine needs
17 GB of memory for it. --short is the same layout of 0.9 GB.
"""

import json
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time

from server import BINARY, Server, arguments, check, fixture

# The model's own config.json; the short one has the same tensors in fewer layers of a quarter of the width.
LARGE = {"hidden": 3584, "intermediate": 18944, "layers": 28, "heads": 28, "kv": 4, "rows": 152064, "shards": 4}
SHORT = {"hidden": 896, "intermediate": 4736, "layers": 12, "heads": 7, "kv": 1, "rows": 152064, "shards": 4}
INSPECT_SECONDS = 1.0
MEMORY_RATIO = 1.10
# Of int8 weights, with what else a service needs; the largest tensor is there in both forms for a moment.
INT8_RATIO = 1.15
FIXED_BYTES = 300_000_000
GOOD = {"rollouts": [{"prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "It is 2."]}]}


def tensors(shape):
    """Name and shape of every tensor, in the order of the file; lm_head is there and never used."""
    hidden, inner = shape["hidden"], shape["intermediate"]
    key = shape["kv"] * 128
    yield "model.embed_tokens.weight", [shape["rows"], hidden]
    for index in range(shape["layers"]):
        layer = f"model.layers.{index}."
        yield layer + "input_layernorm.weight", [hidden]
        for name, width in (("q", hidden), ("k", key), ("v", key)):
            yield f"{layer}self_attn.{name}_proj.weight", [width, hidden]
            yield f"{layer}self_attn.{name}_proj.bias", [width]
        yield layer + "self_attn.o_proj.weight", [hidden, hidden]
        yield layer + "post_attention_layernorm.weight", [hidden]
        yield layer + "mlp.gate_proj.weight", [inner, hidden]
        yield layer + "mlp.up_proj.weight", [inner, hidden]
        yield layer + "mlp.down_proj.weight", [hidden, inner]
    yield "model.norm.weight", [hidden]
    yield "lm_head.weight", [shape["rows"], hidden]
    yield "score.0.weight", [hidden, hidden]
    yield "score.0.bias", [hidden]
    yield "score.2.weight", [2, hidden]
    yield "score.2.bias", [2]


def size(shape):
    count = 2
    for length in shape:
        count *= length
    return count


def small_numbers(seed):
    """4 MiB of bfloat16 between 2^-9 and 2^-5, of both signs, to be repeated: never zero, never infinite."""
    block = bytearray(random.Random(seed).randbytes(1 << 22))
    block[1::2] = bytes(0x3B + (high & 1) | (high & 0x80) for high in block[1::2])
    return bytes(block)


def write(folder, shape, seed):
    """The folder; returns the bytes of the tensors that scoring uses."""
    every = list(tensors(shape))
    per_shard = -(-sum(size(lengths) for _, lengths in every) // shape["shards"])
    shards, filled = [[]], 0
    for name, lengths in every:
        if filled + size(lengths) > per_shard and len(shards) < shape["shards"] and shards[-1]:
            shards, filled = shards + [[]], 0
        shards[-1].append((name, lengths))
        filled += size(lengths)
    block, listed = small_numbers(seed), {}
    for number, part in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        table, offset = {"__metadata__": {"format": "pt"}}, 0
        for name, lengths in part:
            table[name] = {"dtype": "BF16", "shape": lengths, "data_offsets": [offset, offset + size(lengths)]}
            offset += size(lengths)
            listed[name] = file
        header = json.dumps(table).encode()
        header += b" " * (-len(header) % 8)
        with open(folder / file, "wb") as out:
            out.write(struct.pack("<Q", len(header)) + header)
            for begin in range(0, offset, len(block)):
                out.write(block[: min(len(block), offset - begin)])
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": listed}))
    config = {
        "architectures": ["Qwen2ForProcessRewardModel"], "model_type": "qwen2", "hidden_act": "silu",
        "hidden_size": shape["hidden"], "intermediate_size": shape["intermediate"], "max_position_embeddings": 4096,
        "num_hidden_layers": shape["layers"], "num_attention_heads": shape["heads"], "rms_norm_eps": 1e-5,
        "num_key_value_heads": shape["kv"], "rope_theta": 10000.0, "sliding_window": 4096, "max_window_layers": 28,
        "use_sliding_window": False, "tie_word_embeddings": False, "vocab_size": shape["rows"], "torch_dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = pathlib.Path(fixture("qwen-prm"), "tokenizer.json")
    shutil.copyfile(tokenizer.resolve(), folder / "tokenizer.json")
    return sum(size(lengths) for name, lengths in every if name != "lm_head.weight")


def inspected(folder):
    """Five runs, each a new process."""
    before, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), []
    for _ in range(5):
        begin = time.monotonic()
        run = subprocess.run([str(BINARY), "inspect", "--json", str(folder)], capture_output=True, text=True)
        seconds.append(time.monotonic() - begin)
        check(run.returncode == 0 and json.loads(run.stdout)["profile"] == "qwen-prm", f"inspect: {run.stderr}")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime) / len(seconds)
    print(f"inspected in {min(seconds):.3f} s ({max(seconds):.3f} s the slowest of 5; {processor:.3f} s of processor each)")
    # It is one thread that hardly reads: where others have the processors, its own time is what it takes without them.
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    check((processor if busy else min(seconds)) < INSPECT_SECONDS, "inspecting took too long")


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024


def loaded(folder, used, rest):
    """Loads and scores; the peak of memory and the speed of loading beside that of reading the same files.

    `rest` is what the process needs beside the weights, and is no part of the ratio.
    """
    begin = time.monotonic()
    with Server(str(folder)) as server:
        seconds = time.monotonic() - begin
        ratio = (peak(server.process) - rest) / used
        print(f"loaded {used / 1e9:.2f} GB in {seconds:.1f} s, peak {ratio:.3f} x ({rest / 1e6:.0f} MB aside)")
        check(ratio <= MEMORY_RATIO, f"loading took {ratio:.3f} times the bytes of the weights")
        status, answer = server.post("/v1/rewards", GOOD)
        rewards = [step["reward"] for step in answer["data"][0]["steps"]]
        check(status == 200 and all(0 <= reward <= 1 for reward in rewards), f"rewards: {answer}")
        print(f"after the first rewards {(peak(server.process) - rest) / used:.3f} x")
    reading(folder)


def quantised(folder, rest):
    """The same folder in int8, as it is served: memory beside what the model says its weights take."""
    begin = time.monotonic()
    with Server(str(folder), "--precision", "int8", "--no-cache") as server:
        seconds = time.monotonic() - begin
        weights = json.loads(server.get("/info")[1])["weight_bytes"]
        status, answer = server.post("/v1/rewards", GOOD)
        rewards = [step["reward"] for step in answer["data"][0]["steps"]]
        check(status == 200 and all(0 <= reward <= 1 for reward in rewards), f"rewards: {answer}")
        ratio = (peak(server.process) - rest) / weights
        print(f"quantised to {weights / 1e9:.2f} GB in {seconds:.1f} s, peak {ratio:.3f} x after the first rewards")
        check(ratio <= INT8_RATIO, f"int8 took {ratio:.3f} times the bytes of its weights")


def reading(folder):
    """How long the disk needs for the same bytes."""
    begin = time.monotonic()
    buffer = bytearray(1 << 22)
    for file in sorted(folder.glob("*.safetensors")):
        with open(file, "rb", buffering=0) as source:
            while source.readinto(buffer):
                pass
    print(f"reading all files, lm_head among them, took {time.monotonic() - begin:.1f} s")


def cut(folder):
    """Shards that are cut off while they are loaded, at several moments: one line and exit code 3, never a signal."""
    refused = 0
    for number in range(4):
        last = sorted(folder.glob("*.safetensors"))[-1]
        bytes_before = last.stat().st_size
        run = subprocess.Popen(
            [str(BINARY), "serve", "--model", str(folder), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        cutter = threading.Timer(0.05 + 0.1 * number, os.truncate, [last, bytes_before - 2])
        killer = threading.Timer(60, run.send_signal, [signal.SIGTERM])
        cutter.start(), killer.start()
        line = run.stdout.readline()
        if line:
            run.send_signal(signal.SIGTERM)
        _, errors = run.communicate(timeout=60)
        killer.cancel(), cutter.join()
        check(run.returncode in (0, 3), f"cut while it was loaded: exit {run.returncode}, {errors}")
        if run.returncode == 3:
            check("changed while it was read" in errors or "cut off" in errors, f"cut while it was loaded: {errors}")
            refused += 1
        os.truncate(last, bytes_before)
        with open(last, "r+b") as file:
            file.seek(-2, os.SEEK_END)
            file.write(b"\x80\x3b")
    print(f"cut off during {refused} of 4 loads and refused, the others were through")


def main():
    words = arguments(__doc__)
    shape = SHORT if words.short else LARGE
    # Not /tmp where that is memory: the files would count twice.
    scratch = os.environ.get("LINCHPIN_SCRATCH")
    with tempfile.TemporaryDirectory(prefix="linchpin-large-", dir=scratch) as folder:
        folder = pathlib.Path(folder)
        used = write(folder, shape, words.seed)
        # Or the disk would still be writing.
        os.sync()
        inspected(folder)
        # The tokenizer and the BLAS's buffers are in the ratio of 14 GB; beside 0.6 GB they stand aside, and a second
        # copy of the weights would still show.
        rest = FIXED_BYTES if words.short else 0
        loaded(folder, used, rest)
        quantised(folder, rest)
        if words.short:
            cut(folder)


main()
