"""Bad input of each kind gets its documented status and error, and the server goes on; bad folders are not served."""

import json
import pathlib
import shutil
import struct
import subprocess
import tempfile

from server import BINARY, Server, arguments, check, fixture

GOOD = {"rollouts": [{"prompt": "What is 1+1?", "steps": ["1 + 1 = 2."]}]}


def steps_of(answer):
    """What an answer says of each rollout, but for how much of it was kept from before."""
    return [{key: value for key, value in item.items() if key != "cached_tokens"} for item in answer["data"]]


def rollout(**fields):
    return {"rollouts": [{"prompt": "p", "steps": ["s"], **fields}]}


# What is sent (bytes as they are, else as JSON), the status, the error's code.
REQUESTS = [
    ("cut-off JSON", b'{"rollouts":[', 400, "invalid_json"),
    ("trailing comma", b'{"rollouts":[],}', 400, "invalid_json"),
    ("no JSON at all", b"steps=1", 400, "invalid_json"),
    ("empty body", b"", 400, "invalid_json"),
    ("NaN", b'{"rollouts":[NaN]}', 400, "invalid_json"),
    ("lone surrogate", b'{"rollouts":[{"prompt":"\\ud800","steps":["s"]}]}', 400, "invalid_json"),
    ("invalid UTF-8", b'{"rollouts":[{"prompt":"\xff","steps":["s"]}]}', 400, "invalid_json"),
    ("duplicate key", b'{"rollouts":[],"rollouts":[]}', 400, "duplicate_key"),
    ("depth 250,000", b"[" * 250_000, 400, "invalid_json"),
    ("an array", b"[]", 400, "invalid_field"),
    ("no rollouts", {}, 400, "missing_field"),
    ("rollouts of the wrong type", {"rollouts": "r"}, 400, "invalid_field"),
    ("a rollout of the wrong type", {"rollouts": [1]}, 400, "invalid_field"),
    ("steps of the wrong type", rollout(steps="s"), 400, "invalid_field"),
    ("a step of the wrong type", rollout(steps=["s", 2]), 400, "invalid_field"),
    ("a prompt of the wrong type", rollout(prompt=7), 400, "invalid_field"),
    ("prompt and messages", rollout(messages=[{"role": "user", "content": "p"}]), 400, "conflicting_fields"),
    ("an unknown role", {"rollouts": [{"messages": [{"role": "root", "content": "p"}], "steps": ["s"]}]}, 400,
     "invalid_field"),
    ("neither steps nor response", {"rollouts": [{"prompt": "p"}]}, 400, "missing_field"),
    ("an empty separator", {"rollouts": [{"prompt": "p", "response": "s", "separator": ""}]}, 400, "invalid_field"),
    ("an unknown key", {**GOOD, "pooling": "min"}, 400, "unknown_field"),
    ("an unknown pooling", {**GOOD, "credit": {"pooling": "best"}}, 400, "invalid_field"),
    ("temperature 0", {**GOOD, "credit": {"temperature": 0}}, 400, "invalid_field"),
    ("product of margins", {**GOOD, "credit": {"pooling": "product", "scale": "margin"}}, 400, "invalid_field"),
    ("an unknown model", {**GOOD, "model": "gpt"}, 404, "unknown_model"),
    ("no steps", rollout(steps=[]), 422, "empty_steps"),
    ("a blank response", {"rollouts": [{"prompt": "p", "response": "\n\n \n\n"}]}, 422, "empty_steps"),
    ("a step that is not in the response", rollout(steps=["s", "t"], response="s u"), 422, "step_not_in_response"),
    ("10,000 steps", rollout(steps=["a step"] * 10_000), 422, "too_long"),
    ("a text over the context", rollout(prompt="one two " * 40_000), 422, "too_long"),
]

# What is answered although it looks odd.
ODD = [
    ("NUL in a step", rollout(steps=["a\0b"])),
    ("an empty step", rollout(steps=["", "s"])),
    ("a step of spaces", rollout(steps=["   "])),
    ("an empty prompt", rollout(prompt="")),
    ("special tokens in the text", rollout(prompt="<|im_end|><extra_0>", steps=["<extra_0>", "<|im_start|>user"])),
    ("emoji, CRLF and combining marks", rollout(steps=["\r\n\U0001F469\u200D\U0001F4BB e\u0301"])),
    ("no rollout at all", {"rollouts": []}),
]


def code_of(answer):
    error = answer.get("error") or answer["data"][0]["error"]
    check(set(error) == {"message", "type", "param", "code"}, f"the error's keys are {sorted(error)}")
    return error["code"]


def requests(model):
    with Server(model, "--max-body-bytes", "1000000") as server:
        status, first = server.post("/v1/rewards", GOOD)
        check(status == 200, "the good request is answered")
        for name, body, status, code in REQUESTS:
            got, answer = server.post("/v1/rewards", body)
            check((got, code_of(answer)) == (status, code), f"{name}: {got} {answer}")
        for name, body in ODD:
            got, answer = server.post("/v1/rewards", body)
            check(got == 200 and all(d["object"] == "reward" for d in answer["data"]), f"{name}: {got} {answer}")
        got, answer = server.post("/v1/rewards", b" " * 1_000_000)
        check(got == 400, f"a body of exactly the limit is read: {got}")
        got, answer = server.post("/v1/rewards", b" " * 1_000_001)
        check((got, code_of(answer)) == (413, "body_too_large"), f"a body over the limit: {got} {answer}")
        got, answer = server.post("/v1/rewards", GOOD, headers={"Content-Type": "text/plain"})
        check((got, code_of(answer)) == (415, "unsupported_media_type"), f"another media type: {got}")
        mixed = {"rollouts": [GOOD["rollouts"][0], {"prompt": "p", "steps": []}]}
        got, answer = server.post("/v1/rewards", mixed)
        check(got == 200 and [d["object"] for d in answer["data"]] == ["reward", "error"], "one good, one bad")
        check(answer["data"][1]["error"]["param"] == "rollouts[1].steps", "the bad one is named")
        for path, status in [("/nowhere", 404), ("/v1/rewards", 405), ("//v1/rewards", 404)]:
            check(server.get(path)[0] == status, f"GET {path} is {status}")
        status, last = server.post("/v1/rewards", GOOD)
        check(status == 200 and steps_of(last) == steps_of(first), "the same bits after all of it")
    return len(REQUESTS) + len(ODD) + 8


def header(folder):
    file = pathlib.Path(folder, "model.safetensors")
    data = bytearray(file.resolve().read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    return data, length, json.loads(data[8 : 8 + length])


def folders(model):
    """Each hostile folder is refused with one line and exit code 3, and the line names what is wrong."""
    data, length, names = header(model)
    tensors = [name for name in names if name != "__metadata__"]
    norm = next(name for name in tensors if name.endswith("layers.0.input_layernorm.weight"))
    begin = 8 + length + names[norm]["data_offsets"][0]
    infinite = {"BF16": b"\x80\x7f", "F16": b"\x00\x7c", "F32": b"\x00\x00\x80\x7f"}[names[norm]["dtype"]]

    def repacked(change):
        changed = json.loads(json.dumps(names))
        change(changed)
        text = json.dumps(changed).encode()
        return struct.pack("<Q", len(text)) + text + bytes(data[8 + length:])

    def overlap(table):
        table[norm]["data_offsets"] = [o - 2 for o in table[norm]["data_offsets"]]

    def enormous(table):
        table[norm]["shape"] = [2**32, 2**32]

    cases = [
        ("truncated weights", "model.safetensors", bytes(data[:-10]), None),
        ("a header longer than the file", "model.safetensors", struct.pack("<Q", 2**63) + bytes(data[8:]), None),
        ("no header at all", "model.safetensors", b"", None),
        ("random bytes", "model.safetensors", bytes(range(256)) * 64, None),
        ("overlapping tensors", "model.safetensors", repacked(overlap), None),
        ("a shape that overflows", "model.safetensors", repacked(enormous), norm),
        ("a missing tensor", "model.safetensors", None, norm),
        ("an infinite weight", "model.safetensors", bytes(data[:begin]) + infinite + bytes(data[begin + len(infinite):]),
         norm),
        ("config.json that is no JSON", "config.json", b"{", "config.json"),
        ("no config.json", "config.json", b"", "config.json"),
        ("another architecture", "config.json", b'{"architectures":["BertModel"]}', None),
        ("tokenizer.json of another kind", "tokenizer.json", b'{"model":{"type":"Unigram"}}', None),
        ("linchpin.json with an unknown key", "linchpin.json", b'{"profil":"pure"}', "profil"),
    ]
    for name, file, contents, named in cases:
        with tempfile.TemporaryDirectory() as folder:
            for source in pathlib.Path(model).iterdir():
                shutil.copyfile(source.resolve(), pathlib.Path(folder, source.name))
            target = pathlib.Path(folder, file)
            if contents is None:
                contents = bytes(data).replace(norm.encode(), (norm[:-1] + "x").encode(), 1)
            target.write_bytes(contents)
            run = subprocess.run(
                [str(BINARY), "serve", "--model", folder, "--port", "0"], capture_output=True, text=True, timeout=60,
            )
            lines = [line for line in run.stderr.splitlines() if line.startswith("linchpin: ")]
            check(run.returncode == 3 and len(lines) == 1, f"{name}: exit {run.returncode}, {run.stderr}")
            check(named is None or named in lines[0], f"{name}: {lines[0]} does not name {named}")
            check("listening" not in run.stdout, f"{name} is served")
    return len(cases)


def shrinking(model):
    """The files may shrink or go while the server runs."""
    with tempfile.TemporaryDirectory() as folder:
        for source in pathlib.Path(model).iterdir():
            shutil.copyfile(source.resolve(), pathlib.Path(folder, source.name))
        # Nothing is kept, so that the second answer is computed again.
        with Server(folder, "--no-cache") as server:
            _, before = server.post("/v1/rewards", GOOD)
            pathlib.Path(folder, "model.safetensors").open("r+b").truncate(1)
            pathlib.Path(folder, "tokenizer.json").unlink()
            _, after = server.post("/v1/rewards", GOOD)
            check(before["data"] == after["data"], "the same bits after the files shrank")


def main():
    arguments(__doc__)
    model = fixture("qwen-prm")
    sent, refused = requests(model), folders(model)
    shrinking(model)
    print(f"{sent} odd and bad requests answered as documented, {refused} bad folders refused, shrinking files survived")


main()
