"""TLS and gzip as callers, operators and attackers meet them: the same bits, new certificates, half handshakes, bombs."""

import gzip
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import zlib

from gauges import Gauges
from programs import Program
from server import ROOT, Server, arguments, check, rollouts


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """An authority, two certificates of a server and one of a client."""
    new = ["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(*new, "-subj", "/CN=authority", "-keyout", "authority.key", "-out", "authority.pem", folder=folder)
    signed = [*new, "-CA", "authority.pem", "-CAkey", "authority.key", "-addext", "subjectAltName=IP:127.0.0.1"]
    for name in ("first", "second", "client"):
        openssl(
            *signed, "-addext", "basicConstraints=critical,CA:FALSE", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", folder=folder,
        )


def install(folder, name):
    """Puts a certificate where the server looks for it, key and certificate each at once."""
    for kind in ("key", "pem"):
        shutil.copy(folder / f"{name}.{kind}", folder / f"new.{kind}")
        (folder / f"new.{kind}").rename(folder / f"served.{kind}")


def served_name(server):
    """Whose certificate a new connection gets."""
    with socket.create_connection((server.host, server.port), timeout=20) as plain:
        with server.context.wrap_socket(plain, server_hostname="127.0.0.1") as sealed:
            return dict(pair[0] for pair in sealed.getpeercert()["subject"])["commonName"]


def bits(answer):
    """An answer's rewards: without what names the request and the time, and what was kept from before."""
    return [{key: value for key, value in item.items() if key != "cached_tokens"} for item in answer["data"]]


def same_bits(server, plain):
    """A rollout has the same rewards in plain, under TLS, in gzip and out of it."""
    body = {"rollouts": rollouts(20)}
    status, expected = plain.post("/v1/rewards", body)
    check(status == 200, f"plain: {status}")
    packed = gzip.compress(json.dumps(body).encode())
    for one, where in ((plain, "in plain"), (server, "under TLS")):
        for sent, headers in ((body, {}), (packed, {"Content-Encoding": "gzip"})):
            connection = one.connect()
            text = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
            headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip", **headers}
            connection.request("POST", "/v1/rewards", text, headers)
            response = connection.getresponse()
            check(response.headers["Content-Encoding"] == "gzip", f"{where}: the answer is not packed")
            answer = json.loads(gzip.decompress(response.read()))
            check(bits(answer) == bits(expected), f"{where}: other bits")
            connection.close()


def reloads(server, folder, count):
    """Certificates change under load and nobody notices; a bad one changes nothing."""
    stopping, failures, served = threading.Event(), [], [0]

    def ask():
        while not stopping.is_set():
            try:
                status, _ = server.get("/health")
                served[0] += status == 200
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(count):
        name = ("second", "first")[number % 2]
        install(folder, name)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while served_name(server) != name:
            check(time.monotonic() < deadline, f"after SIGHUP {number} the certificate of {name} is not served")
        shutil.copy(folder / "client.key", folder / "served.key")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
        check(served_name(server) == name, "a bad certificate is served")
    stopping.set()
    for thread in threads:
        thread.join()
    check(not failures, f"{len(failures)} of {served[0]} failed while certificates changed: {failures[:3]}")
    print(f"   {2 * count} SIGHUPs, {served[0]} requests, none failed")


def latencies(server, count, within):
    """The p99 of the quietest of three stretches, of one where there is no time: other programs' noise comes and goes,
    what a server does to its callers stays."""
    begun, stretches = time.monotonic(), []
    while not stretches or (len(stretches) < 3 and time.monotonic() < begun + within):
        times = []
        for _ in range(count):
            sent = time.monotonic()
            status, _ = server.get("/health")
            check(status == 200, f"/health: {status}")
            times.append(time.monotonic() - sent)
        stretches.append(sorted(times)[int(count * 0.99) - 1])
    return min(stretches)


def half_handshakes(server, count):
    """Who begins a handshake and goes no further is closed on time, and a good client does not wait for them."""
    alone = latencies(server, 200, within=20)
    begun = time.monotonic()
    hanging = []
    for _ in range(count):
        connection = socket.create_connection((server.host, server.port), timeout=30)
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        hanging.append(connection)
    # They are closed after 10 s: no stretch begins that might not have them beside it.
    beside = latencies(server, 200, within=begun + 6 - time.monotonic())
    check(beside < max(2 * alone, 0.05), f"p99 {beside:.4f} s beside {count} half handshakes, {alone:.4f} s alone")
    for connection in hanging:
        check(connection.recv(1) == b"", "a half handshake is answered")
        connection.close()
    took = time.monotonic() - begun
    check(took < 25, f"half handshakes were closed after {took:.1f} s")
    print(f"   {count} half handshakes closed after {took:.1f} s; p99 {1000 * beside:.1f} ms, alone {1000 * alone:.1f} ms")


def zeros(mebibytes):
    """A gzip member of so many MiB of nothing, a thousandth of that long."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(mebibytes)] + [packer.flush()])


def bombs(server, mebibytes):
    """A body that unfolds past the limit is a 413, and takes no more memory than an honest one of the limit."""
    limit = 8 << 20
    honest = gzip.compress(b" " * (limit - 2) + b"{}")
    headers = {"Content-Encoding": "gzip"}
    gauges = Gauges(server.process.pid)
    gauges.forget_peak()
    for _ in range(20):
        check(server.post("/v1/rewards", honest, headers=headers)[0] == 400, "an honest large body")
    honest_peak = gauges.peak
    bomb = zeros(mebibytes)
    gauges.forget_peak()
    for _ in range(20):
        status, answer = server.post("/v1/rewards", bomb, headers=headers)
        check((status, answer["error"]["code"]) == (413, "body_too_large"), f"a bomb is answered with {status}")
    growth = gauges.peak - honest_peak
    check(growth <= 1 << 20, f"20 bombs of {mebibytes} MiB took {growth} bytes more than honest bodies")
    print(f"   20 bombs of {mebibytes} MiB in {len(bomb) >> 10} KiB: {growth >> 10} KiB more than honest bodies take")
    for text, status in ((honest[:-1], 400), (honest + b"\0", 400), (b"{}", 400)):
        check(server.post("/v1/rewards", text, headers=headers)[0] == status, "damaged gzip")
    check(server.post("/v1/rewards", b"{}", headers={"Content-Encoding": "br"})[0] == 415, "another coding")


def stranger(server, folder, sections, least):
    """What testssl.sh finds, but for what it says of these certificates, which are an operator's to choose."""
    report = folder / "testssl.json"
    words = ["--quiet", "--color", "0", "--warnings", "off", "--add-ca", folder / "authority.pem"]
    done = Program("testssl").run(
        *words, "--jsonfile", report, *sections, f"127.0.0.1:{server.port}", timeout=900,
    )
    check(report.is_file(), f"testssl.sh made no report: {done.stdout[-500:]}")
    findings = json.loads(report.read_text())
    bad = [
        f"{one['id']}: {one['severity']}: {one['finding']}" for one in findings
        if one["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL") and not one["id"].startswith("cert")
    ]
    check(len(findings) > least, f"testssl.sh made {len(findings)} findings only")
    check(not bad, "\n".join(bad))
    print(f"   testssl.sh: {len(findings)} findings, none above LOW")


def probe(server, certificate=None, path="/health/ready"):
    """Whether the image's health check finds the server ready; under mTLS it needs a certificate to show."""
    words = {"LINCHPIN_PORT": str(server.port), "LINCHPIN_TLS_CERT": "as the server has it"}
    if certificate:
        words |= {"LINCHPIN_PROBE_CERT": f"{certificate}.pem", "LINCHPIN_PROBE_KEY": f"{certificate}.key"}
    return subprocess.run([ROOT / "Deploy/health", path], env={**os.environ, **words}).returncode == 0


def main():
    options = arguments(__doc__)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-"))
    certificates(folder)
    install(folder, "first")
    trusting = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    flags = ["--tls-cert", str(folder / "served.pem"), "--tls-key", str(folder / "served.key")]
    with Server(None) as plain, Server(None, *flags, context=trusting) as server:
        same_bits(server, plain)
        reloads(server, folder, 5 if options.short else 50)
        half_handshakes(server, 300 if options.short else 2000)
        bombs(server, 64 if options.short else 1024)
        check(probe(server) and not probe(server, path="/nowhere"), "the health check under TLS")
        # Protocols, categories of ciphers, forward secrecy, preferences, defaults, known holes: two minutes in all.
        stranger(server, folder, *((["-p", "-P"], 8) if options.short else (["-p", "-s", "-f", "-P", "-S", "-U"], 50)))
    known = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    known.load_cert_chain(folder / "client.pem", folder / "client.key")
    install(folder, "first")
    with Server(None, *flags, "--tls-client-ca", str(folder / "authority.pem"), context=known) as server:
        check(server.get("/health")[0] == 200, "a known client")
        check(probe(server, folder / "client") and not probe(server), "the health check under mTLS")
        server.context = trusting
        try:
            server.get("/health")
        except (ssl.SSLError, OSError):
            print("   a client without a certificate is refused")
        else:
            check(False, "a client without a certificate is served")


main()
