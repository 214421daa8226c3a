"""A canary key and a canary text are in no log, metric, error, process list, core file or answer to somebody else.

Whatever is done with them: keys shown rightly, wrongly and in the wrong place, texts in good, bad, hostile and torn
requests, while the server logs all that it can.
"""

import base64
import concurrent.futures
import gzip
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from server import ROOT, SHARED, Server, arguments, check

# Split, so that a search of this file or of a process that holds it finds nothing.
KEY = "canary" + "-key-5f1d9c07"
TEXT = "canary" + "-text-a8e34b12"
OTHER = "another-callers-key"
TURNS = [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]
REQUESTS = [
    ("/v1/rewards", {"rollouts": [{"prompt": TEXT, "steps": [TEXT, TEXT]}]}),
    ("/v1/rewards", {"rollouts": [{"messages": TURNS[:1], "steps": [TEXT], "response": f"other {TEXT}"}]}),
    ("/v1/rewards", {"rollouts": [{"messages": [{"role": TEXT, "content": TEXT}], "response": TEXT}]}),
    ("/v1/rewards", {"rollouts": [{"segments": [{"text": TEXT, "read": True}, {"token": TEXT}]}]}),
    ("/v1/rewards", {"rollouts": [{"prompt": TEXT, "steps": TEXT, "separator": TEXT, "credit": TEXT}]}),
    ("/get_reward", {"query": [f"{TEXT} {TEXT}"], "prompts": [TEXT]}),
    ("/get_reward", {"query": [f"<|im_start|>user\n{TEXT}<|im_end|>\n<|im_start|>assistant\n{TEXT}<|im_end|>"]}),
    ("/rm", {"prompt": TEXT, "response": TEXT}),
    ("/rm", {"prompt": TURNS[:1], "response": TEXT, "extra_info": {"question": TEXT}}),
    ("/v1/score/evaluation", {"messages": [TEXT]}),
    ("/pooling", {"input": f"{TEXT}<extra_0>"}),
    ("/pooling", {"messages": TURNS, "encoding_format": TEXT}),
    ("/classify", {"input": TEXT}),
    ("/classify", {"text": [TEXT, TEXT]}),
    ("/v1/embeddings", {"messages": TURNS}),
    ("/v1/credit", {"rollouts": [{"rewards": [TEXT], "scale": TEXT}]}),
    ("/" + TEXT, {}), ("/v2/models/" + TEXT, {}),
]


def forms(secret):
    """A secret as it is, and as logs and dumps write bytes: the search is for all of these."""
    raw = secret.encode()
    escaped = "".join(f"\\u{byte:04x}" for byte in raw).encode()
    # Of base64 the middle is the same wherever it begins, but for three places to begin at.
    shifted = [base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), raw.upper(), escaped, *shifted]


def leaks(where, data, secrets=(KEY, TEXT)):
    """Names of what is in `data` and must not be."""
    return [f"{secret.split('-')[1]} in {where}" for secret in secrets for form in forms(secret) if form in data]


def shown(generator, key):
    """Where a key may be shown, and where it must not but is: a query, header lines, and what goes before the path."""
    field = generator.choice(["Authorization: Bearer {}", "authorization: bearer {}", "X-Api-Key: {}"])
    right = [("", f"{field.format(key)}\r\n", ""), ("", "", f"/{key}"), (f"?api_key={key}", "", "")]
    return generator.choice(right) if generator.random() < 0.6 else generator.choice([
        (f"?api_key={key}x", "", ""), ("", "", f"/{key}x"), ("", f"Authorization: Basic {key}\r\n", ""),
        ("", f"Authorization: {key}\r\n", ""), ("", f"Authorization: Bearer {key} {key}\r\n", ""),
        (f"?key={key}", "", ""), (f"?api_key={key}&api_key={key}", "", ""), (f"?api_key=%{key}", "", ""),
        (f"?{key}", "", ""), (f"?pooling={key}", "", ""), ("", f"X-Api-Key: {key}\x01\r\n", ""), ("", f"X Api-Key: {key}\r\n", ""),
        ("", f"Authorization Bearer {key}\r\n", ""), ("", f"Cookie: {key}\r\n traceparent: {key}\r\n", ""),
        ("", f"Host: {key}\r\n", ""), ("", f"Transfer-Encoding: {key}\r\n", ""), ("", f"Expect: {key}\r\n", ""),
        ("", f"Content-Encoding: {key}\r\n", ""), ("", f"Content-Type: {key}\r\n", ""), ("", "", f"//{key}"),
        ("", f"X-Api-Key: {key * 900}\r\n", ""), ("", f"traceparent: 00-{key}\r\n", ""), (f"#{key}", "", ""),
    ])


def body_of(generator, value):
    """The value as JSON, or spoilt: cut, doubled, of wrong types, with names that are no field's."""
    text = json.dumps(value).encode()
    return generator.choice([
        text, text, text, text[: generator.randrange(len(text))], text + text, text.replace(b'"', b"'"),
        text.replace(b"[", b"{"), json.dumps({**value, "model": TEXT}).encode(), json.dumps([value]).encode(),
        json.dumps({**value, "credit": TEXT}).encode(), json.dumps({key: TEXT for key in value}).encode(),
        json.dumps({key: {"x": TEXT} for key in value}).encode(), text.replace(b"canary", b"\xffcanary"),
        text.replace(b"canary", b"\\ud800canary"), b"[" * 100 + text, text * 4000,
    ])


def request(generator):
    """The bytes of one request that carries both, and how many of them are sent before the caller leaves."""
    path, value = generator.choice(REQUESTS)
    if generator.random() < 0.3:
        # As an honest caller sends it: most of these are scored.
        body = json.dumps(value).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body, len(head) + len(body)
    body = body_of(generator, value)
    query, fields, before = shown(generator, KEY)
    framing = generator.randrange(10)
    if framing == 0:
        body = gzip.compress(body)[: generator.choice([None, -4])]
        fields += "Content-Encoding: gzip\r\n"
    if framing == 1:
        body = b"%x\r\n%s\r\n0\r\nX-Api-Key: %s\r\n\r\n" % (len(body), body, KEY.encode())
        fields += "Transfer-Encoding: chunked\r\n"
    elif framing == 2:
        body = b"%s\r\n%s" % (TEXT.encode(), body)
        fields += "Transfer-Encoding: chunked\r\n"
    else:
        fields += f"Content-Length: {len(body) + generator.choice([0, 0, 0, 0, 1, 10**9])}\r\n"
    line = generator.choice(["POST {} HTTP/1.1"] * 8 + ["GET {} HTTP/1.1", "BREW {} HTTP/1.1", "POST {} HTTP/9.9", "{}"])
    text = f"{line.format(before + path + query)}\r\nHost: a\r\n{fields}\r\n".encode() + body
    return text, generator.randrange(len(text)) if generator.random() < 0.2 else len(text)


def send(server, text, count):
    """What comes back; a caller that leaves early does so with a reset, while its request is read or computed."""
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        try:
            connection.sendall(text[:count])
            if count < len(text):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b""
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer
        except OSError:
            return b""


def others(server, generator, count):
    """The answers to somebody else, meanwhile."""
    answers = b""
    for number in range(count):
        asked = {"rollouts": [{"prompt": f"What is {number}+1?", "steps": [generator.choice(["It is so.", ""])]}]}
        connection = server.connect()
        connection.request("POST", "/v1/rewards", json.dumps(asked), {"Authorization": f"Bearer {OTHER}"})
        answers += connection.getresponse().read()
        connection.close()
    return answers


def corpus():
    """The hostile requests of reference/corpora, each with the key in its head."""
    file = SHARED / "corpora/http.jsonl"
    if not file.is_file():
        return []
    texts = [base64.b64decode(json.loads(line)["raw_b64"]) for line in file.read_text().splitlines() if line]
    return [text.replace(b"\r\n", b"\r\nX-Api-Key: %s\r\n" % KEY.encode(), 1) for text in texts]


def suite(server, generator, count):
    """Sends all of it, eight at a time, and looks into every byte that comes back."""
    requests = [request(generator) for _ in range(count)] + [(text, len(text)) for text in corpus()]
    found, statuses = [], {}
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        other = pool.submit(others, server, generator, count // 10)
        for (text, _), answer in zip(requests, pool.map(lambda one: send(server, *one), requests)):
            status = answer[9:12].decode("latin-1") or "none"
            statuses[status] = statuses.get(status, 0) + 1
            found += [f"{one}\n{answer!r}\nto {text[:2000]!r}" for one in leaks("an answer", answer)]
        found += leaks("another caller's answer", other.result())
    check(not found, f"{len(found)} leaks, the first: {found[0] if found else ''}")
    check(server.process.poll() is None, "the server ended")
    check({"200", "400", "401"} <= set(statuses), f"one kind of request only: {statuses}")
    return len(requests), statuses


def process(server):
    """What others on the machine may see of it."""
    folder = pathlib.Path(f"/proc/{server.process.pid}")
    for name in ("cmdline", "environ", "comm"):
        try:
            found = leaks(f"/proc/PID/{name}", (folder / name).read_bytes())
        except PermissionError:
            # Of a process that may not be dumped the environment is root's alone to see.
            check(name == "environ" and os.geteuid() != 0, f"/proc/PID/{name} cannot be read")
            continue
        check(not found, found)


def core(server, folder):
    """It dies of a signal that writes core files, where the system would let it."""
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    check("Max core file size        0 " in limits, "core files are not forbidden")
    server.process.send_signal(signal.SIGABRT)
    code = server.process.wait(timeout=60)
    check(code == -signal.SIGABRT, f"SIGABRT ended it with {code}")
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    files = [file for file in folder.iterdir() if "core" in file.name]
    check(not files, f"core files: {files}")
    return pattern


def main():
    options = arguments(__doc__)
    generator = random.Random(options.seed)
    # What a careless supervisor allows; the server itself must forbid it.
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-"))
    (folder / "keys").write_text(f"{KEY}\n{OTHER}\n")
    os.chdir(folder)
    flags = ["--api-key-file", str(folder / "keys"), "--public-metrics", "--log-level", "trace"]
    with Server(str(ROOT / "Tests/Goldens/tiny-prm"), *flags) as server:
        count, statuses = suite(server, generator, 400 if options.short else 20_000)
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        process(server)
        metrics = server.get("/metrics")[1]
        check(b"linchpin_" in metrics and not leaks("metrics", metrics), leaks("metrics", metrics))
        pattern = core(server, folder)
        server.log.seek(0)
        log = server.log.read() + server.process.stdout.read().encode()
    lines = log.count(b"\n")
    check(lines >= statuses["200"], f"{lines} lines of log only")
    check(not leaks("the log", log), leaks("the log", log))
    # The search itself finds what is there.
    check(leaks("a text", f"say {KEY}".encode()) and leaks("a text", TEXT.encode().hex().encode()), "nothing is found")
    shutil.rmtree(folder)
    print(f"{count} requests, {statuses}; {lines} lines of log, metrics, answers, /proc, core ({pattern}): no canary")


main()
