"""Folders that are no model, or the wrong one, are refused: exit code 3 and one line that says what was found, what to do."""

import json
import pathlib
import shutil
import struct
import subprocess
import tempfile

from server import BINARY, ROOT, Server, arguments, check, fixture

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 3945426872\n"
GOOD = {"rollouts": [{"prompt": "What is 1+1?", "steps": ["1 + 1 = 2."]}]}


class Weights:
    """A safetensors file as its parts, to be put together wrong."""

    def __init__(self, file):
        data = file.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        self.table, self.data = json.loads(data[8 : 8 + length]), data[8 + length :]
        self.table.pop("__metadata__", None)

    def packed(self, change=lambda table: None):
        table = json.loads(json.dumps(self.table))
        change(table)
        text = json.dumps(table).encode()
        return struct.pack("<Q", len(text)) + text + self.data

    def only(self, names):
        """The file that holds these tensors alone."""
        table, data = {}, b""
        for name in names:
            begin, end = self.table[name]["data_offsets"]
            table[name] = {**self.table[name], "data_offsets": [len(data), len(data) + end - begin]}
            data += self.data[begin:end]
        text = json.dumps(table).encode()
        return struct.pack("<Q", len(text)) + text + data


def edited(source, **fields):
    return json.dumps({**json.loads(source), **fields}).encode()


def renamed(table, old, new):
    table[new] = table.pop(old)


def turned(table, name):
    table[name]["shape"].reverse()


def retyped(table, name):
    table[name]["dtype"] = "I16"


def without_token(tokenizer, content):
    """tokenizer.json with an added token by another name."""
    file = json.loads(tokenizer)
    for token in file["added_tokens"]:
        if token["content"] == content:
            token["content"] = "<another>"
    return json.dumps(file, ensure_ascii=False).encode()


def cases(model):
    """What a folder is called, the files it differs by (None: not there), and the words that must be in its line."""
    config, tokenizer = (pathlib.Path(model, name).read_bytes() for name in ("config.json", "tokenizer.json"))
    weights = Weights(pathlib.Path(model, "model.safetensors"))
    names = sorted(weights.table)
    gate, norm = "model.layers.0.mlp.gate_proj.weight", "model.layers.1.input_layernorm.weight"
    whole, none = weights.packed(), {"model.safetensors": None}
    half = len(names) // 2
    shards = {
        "model-00001-of-00002.safetensors": weights.only(names[:half]),
        "model-00002-of-00002.safetensors": weights.only(names[half:]),
    }
    listed = {name: file for file, part in zip(shards, (names[:half], names[half:])) for name in part}

    def index(**changes):
        return {**none, **shards, "model.safetensors.index.json": edited(b"{}", weight_map={**listed, **changes})}

    first, second = shards
    adapter = {"adapter_config.json": b'{"peft_type":"LORA"}', "adapter_model.safetensors": b"x"}
    return [
        # What stands in the place of weights
        ("an adapter alone", {**none, "config.json": None, **adapter},
         ["adapter_config.json: this is a LoRA adapter without its base", "merge_and_unload().save_pretrained(DIR)"]),
        ("an adapter with a config", {**none, **adapter}, ["LoRA adapter without its base"]),
        ("an adapter beside weights", adapter, ["adapter_config.json", "merge"]),
        ("a pickle", {**none, "pytorch_model.bin": b"\x80\x02", "training_args.bin": b"\x80"},
         ["pytorch_model.bin is a pickle", "convert it to safetensors"]),
        ("a pickle of shards", {**none, "pytorch_model.bin.index.json": b"{}"}, ["pickle", "convert"]),
        ("GGUF", {**none, "config.json": None, "model.Q8_0.gguf": b"GGUF\x03"},
         ["model.Q8_0.gguf: GGUF is not read; point --model at the safetensors folder it was made from"]),
        ("Mistral's own layout", {**none, "consolidated.safetensors": whole}, ["consolidated.safetensors", "layout"]),
        ("no weights", none, ["neither model.safetensors nor", "download"]),
        ("a pointer for weights", {"model.safetensors": POINTER}, ["model.safetensors", "git lfs pull"]),
        ("a pointer for the tokenizer", {"tokenizer.json": POINTER}, ["tokenizer.json", "git lfs pull"]),
        ("a page for weights", {"model.safetensors": b"<!DOCTYPE html><html>404</html>"}, ["no safetensors file"]),
        # Shards
        ("no index", {**none, **shards}, [first, "model.safetensors.index.json", "download"]),
        ("a missing shard", {**index(), second: None}, [f"it lists {second}, which is missing", "download"]),
        ("a shard cut off", {**index(), second: shards[second][:-10]}, [second, "cut off", "download"]),
        ("the shard of another model", {**index(), second: weights.only(names[half + 1 :])}, [names[half], "download"]),
        ("shards that share a tensor", {**index(), second: whole}, ["is in " + first + " and " + second]),
        ("a shard outside of the folder", index(**{names[0]: "../x.safetensors"}), ["../x.safetensors"]),
        ("a pickle in the index", index(**{names[0]: "pytorch_model.bin"}), ["pytorch_model.bin"]),
        # Tensors
        ("a missing tensor", {"model.safetensors": weights.packed(lambda t: renamed(t, norm, "x"))}, [norm, "missing"]),
        ("a missing head", {"model.safetensors": weights.packed(lambda t: renamed(t, "score.2.weight", "x"))},
         ["score.2.weight", "missing"]),
        ("a turned tensor", {"model.safetensors": weights.packed(lambda t: turned(t, gate))}, [gate, "shape"]),
        ("integers", {"model.safetensors": weights.packed(lambda t: retyped(t, norm))}, [norm, "I16", "BF16"]),
        ("a config of a wider model", {"config.json": edited(config, intermediate_size=4096)}, [gate, "4096"]),
        ("a config of a deeper model", {"config.json": edited(config, num_hidden_layers=99)}, ["missing"]),
        ("a config of a shallower model", {"config.json": edited(config, num_hidden_layers=1)},
         ["model.layers.1.", "has no place in the decoder"]),
        # Config
        ("no config", {"config.json": None}, ["there is no config.json"]),
        ("another kind of decoder", {"config.json": edited(config, model_type="gemma2")},
         ["model_type gemma2 is not supported (qwen2, qwen3, llama, mistral)"]),
        ("a rope that nobody computes", {"config.json": edited(config, rope_scaling={"rope_type": "yarn", "factor": 4})},
         ["yarn", "llama3"]),
        ("quantised weights", {"config.json": edited(config, quantization_config={"quant_method": "gptq"})}, ["gptq"]),
        ("words that would be lines", {"config.json": edited(config, model_type="a\nlinchpin: b\x1b[2J")},
         [r"a\nlinchpin: b\u{1B}[2J"]),
        ("words without end", {"config.json": edited(config, model_type="a" * 1_000_000)}, ["aaa..."]),
        # Tokenizer
        ("no tokenizer", {"tokenizer.json": None}, ["no tokenizer.json"]),
        ("a tokenizer with more tokens than rows", {"config.json": edited(config, vocab_size=7)}, ["7 rows"]),
        ("a tokenizer without the marker", {"tokenizer.json": without_token(tokenizer, "<extra_0>")}, ["<extra_0>"]),
        ("a tokenizer of another kind", {"tokenizer.json": b'{"model":{"type":"Unigram"}}'}, ["Unigram"]),
    ]


def refusal(model):
    """The one line with which `serve` and `inspect` refuse."""
    lines = []
    for words in (["serve", "--model", model, "--port", "0"], ["inspect", model]):
        run = subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=120)
        found = [line for line in run.stderr.splitlines() if line.startswith("linchpin: ")]
        if words[0] == "serve":
            # The other lines are those of a bar.
            check(run.returncode == 3 and len(found) == 1, f"{model}: exit {run.returncode}, {run.stderr}{run.stdout}")
            check("listening" not in run.stdout, f"{model} is served")
            lines = found
        else:
            # What needs the tensors' headers alone may be left to serving, but nothing may crash.
            check(run.returncode in (0, 3), f"inspect {model}: exit {run.returncode}, {run.stderr}")
    return lines[0]


def folders():
    model = str(ROOT / "Tests/Goldens/tiny-prm")
    table = cases(model)
    for name, changes, words in table:
        with tempfile.TemporaryDirectory() as folder:
            for source in pathlib.Path(model).iterdir():
                if source.name != "cases.json":
                    shutil.copyfile(source, pathlib.Path(folder, source.name))
            for file, contents in changes.items():
                target = pathlib.Path(folder, file)
                target.unlink(missing_ok=True) if contents is None else target.write_bytes(contents)
            line = refusal(folder)
            for word in words:
                check(word in line, f"{name}: {line} does not say {word}")
            check(len(line) < 1400, f"{name}: the line has {len(line)} characters")
            print(f"{name}: {line.removeprefix('linchpin: cannot serve ' + folder + ': ')[:300]}")
    return len(table)


def paths():
    """What --model says, where it is no folder."""
    table = [
        ("Qwen/Qwen2.5-Math-PRM-7B", ["is not a folder here", "hf download Qwen/Qwen2.5-Math-PRM-7B"]),
        ("/nowhere/model.gguf", ["GGUF is not read"]),
        (str(ROOT / "Tests/Goldens/tiny-prm/model.safetensors"), ["not a folder"]),
        ("/nowhere", ["not a folder"]),
    ]
    for path, words in table:
        line = refusal(path)
        for word in words:
            check(word in line, f"{path}: {line} does not say {word}")
    return len(table)


def names(model):
    """A name in a request is compared with the served one, and never becomes a path (M8)."""
    table = ["../" * 8 + "etc/passwd", model, "/", ".", "..", "", "%2e%2e%2f", "qwen-prm\0", "./qwen-prm", "qwen-prm/"]
    with Server(model, "--served-name", "qwen-prm") as server:
        status, _ = server.post("/v1/rewards", {**GOOD, "model": "qwen-prm"})
        check(status == 200, f"the served name: {status}")
        for name in table:
            status, answer = server.post("/v1/rewards", {**GOOD, "model": name})
            check(status == 404 and answer["error"]["code"] == "unknown_model", f"{name!r}: {status} {answer}")
    return len(table)


def main():
    arguments(__doc__)
    refused, unfound, unknown = folders(), paths(), names(fixture("qwen-prm"))
    print(f"{refused} folders and {unfound} paths refused in a line that says what to do, {unknown} hostile names unknown")


main()
