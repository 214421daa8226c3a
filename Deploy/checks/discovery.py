"""Replicas that HAProxy finds by name, as in containers: they come, go, and come back under other addresses."""

import fcntl
import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from fleets import CONFIGURATION, Replica
from programs import Program
from server import arguments, check, rollouts

NAMES = CONFIGURATION.parent / "replicas-dns.cfg"
# Ports are our own in a network of our own: 53 and 8080 are free.
RESOLVER, PORT = ("127.0.0.1", 53), 8080


class Names(threading.Thread):
    """A DNS that knows one name; `addresses` is what it answers, and none is NXDOMAIN (RFC 1035 section 4)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.addresses = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(RESOLVER)

    def run(self):
        while True:
            query, sender = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        name = query[12:query.index(b"\0", 12) + 1]
        question = query[12:12 + len(name) + 4]
        known = name == b"\x08linchpin\0" and question[len(name):] == struct.pack("!HH", 1, 1)
        found = self.addresses if known else []
        # An answer, with authority: no error, or NXDOMAIN.
        head = query[:2] + struct.pack("!HHHHH", 0x8580 if found else 0x8583, 1, len(found), 0, 0)
        records = [struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(one) for one in found]
        return head + question + b"".join(records)


def loopback_up():
    """What `ip link set lo up` does, where there is no ip."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # SIOCSIFFLAGS with IFF_UP and IFF_RUNNING.
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def active():
    """How many replicas HAProxy asks."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:8404/metrics", timeout=5) as answer:
            page = answer.read().decode()
    except OSError:
        return -1
    wanted = 'haproxy_backend_active_servers{proxy="replicas"} '
    return int(next(line.removeprefix(wanted) for line in page.splitlines() if line.startswith(wanted)))


def ask(port):
    """Status of a request that scores."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = json.dumps({"rollouts": rollouts(1)})
    connection.request("POST", "/v1/rewards", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def until(condition, sentence, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, sentence)
        time.sleep(0.1)


class Fleet:
    """Replicas by their addresses, started and killed as they are put into DNS and taken out."""

    def __init__(self, log):
        self._log, self.names, self.running = log, Names(), {}
        self.names.start()

    def become(self, addresses):
        for address in set(self.running) - set(addresses):
            process = self.running.pop(address).process
            process.send_signal(signal.SIGKILL)
            process.wait()
        for address in set(addresses) - set(self.running):
            self.running[address] = Replica(address, None, self._log, host=address, port=PORT)
        self.names.addresses = sorted(addresses)


def inside():
    """In a network and with a resolv.conf of our own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-names-"))
    loopback_up()
    (folder / "resolv.conf").write_text(f"nameserver {RESOLVER[0]}\n")
    subprocess.run(["mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf"], check=True)
    with (folder / "replicas.log").open("w") as log, (folder / "haproxy.log").open("w") as proxy_log:
        fleet = Fleet(log)
        fleet.become(["127.0.1.1", "127.0.1.2"])
        proxy = Program("haproxy").start(
            "-db", "-f", CONFIGURATION, "-f", NAMES, stdout=proxy_log, stderr=subprocess.STDOUT,
            environment={"LINCHPIN_BIND": "127.0.0.1:8000", "LINCHPIN_STATS_BIND": "127.0.0.1:8404"})
        try:
            changes(fleet)
        finally:
            fleet.become([])
            proxy.kill()
            proxy.wait()


def changes(fleet):
    until(lambda: active() == 2, "both replicas are found by their name")
    check(ask(8000) == 200, "a replica that was found by its name answers")
    fleet.become(["127.0.1.1", "127.0.1.2", "127.0.1.3"])
    until(lambda: active() == 3, "a third is found")
    fleet.become(["127.0.1.2"])
    until(lambda: active() == 1, "two are gone")
    check(ask(8000) == 200, "the one that is left answers")
    fleet.become([])
    until(lambda: active() == 0, "all are gone")
    statuses = []
    waiting = [threading.Thread(target=lambda: statuses.append(ask(8000))) for _ in range(8)]
    for one in waiting:
        one.start()
    time.sleep(3)
    check(not statuses, f"requests wait for a replica: {statuses}")
    fleet.become(["127.0.2.1"])
    for one in waiting:
        one.join()
    check(statuses == [200] * len(waiting), f"requests that waited: {statuses}")
    print("replicas by name: found, left out, and, when there was none, waited for by 8 requests till one came")


def main():
    arguments(__doc__)
    if "LINCHPIN_INSIDE" in os.environ:
        return inside()
    unshare = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        return print("SKIPPED: a network of our own, which this machine does not let us have")
    # Unpacked out here, since there is no way to apt from inside.
    Program("haproxy")
    done = subprocess.run(
        [*unshare, sys.executable, __file__], env={**os.environ, "LINCHPIN_INSIDE": "1"}, check=False)
    sys.exit(done.returncode)


main()
