"""Slow clients by the thousand: each is closed on its deadline, and a good client hardly notices them."""

import multiprocessing
import pathlib
import ssl
import statistics
import subprocess
import tempfile
import time

from attackers import (
    HalfHandshake, Horde, Idle, Silent, SippedRead, SlowBody, SlowChunks, SlowHead, SlowRead, SteadyBody,
)
from clients import until
from gauges import Gauges, mebibytes
from probe import Probe, good
from sides import CALLER_SIDE, SERVER_SIDE, stay_with
from server import Server, arguments, check

# What a good client's p99 under attack may be, in p99s without; CI shares its processors with who knows what.
LONG_RATIO, SHORT_RATIO = 2.0, 4.0
WINDOW_SECONDS = 2.5
# The least that a long attack lasts: two windows are no more than a moment of the machine.
SUSTAINED_SECONDS = 30.0
# Of the base line (reference/http-policy.md section 2, OK-after).
KEPT_BYTES = 8 << 20

LONG = [
    {SlowHead: 2000},
    # The steady ones hold 150 KB each in the end: a third of what the server gives all bodies together.
    {SlowBody: 700, SlowChunks: 700, SteadyBody: 600},
    {SlowRead: 250, SippedRead: 250},
    {Idle: 4000, Silent: 1000},
]
SHORT = [{SlowHead: 200, SlowBody: 100, SlowChunks: 100, SteadyBody: 100, SlowRead: 50, SippedRead: 50, Idle: 200}]
# The short form does not wait for the later deadlines: those attackers are felt, and leave.
SHORT_DEADLINE = 12.0
LONG_SEALED, SHORT_SEALED = [{HalfHandshake: 2000}], [{HalfHandshake: 200}]


class Siege:
    """One attack between two quiet times, seen by a good client throughout."""

    def __init__(self, server, counts, quiet, replaces):
        self.counts, gauges = counts, Gauges(server.process.pid)
        self.awaited = [kind for kind in counts if replaces or kind.deadline <= SHORT_DEADLINE]
        longest = max(kind.deadline for kind in self.awaited)
        # Beside the server: what it feels is the server's doing, and not the attackers'.
        with Probe(server, SERVER_SIDE) as self.probe:
            first = self._pass(quiet)
            begun, busy = time.monotonic(), gauges.processor_seconds
            self.horde = Horde(server, counts)
            # Those that were ended are replaced, so that the attack does not wane.
            self.horde.run(max(1.25 * longest + 1, SUSTAINED_SECONDS) if replaces else longest + 1, replaces)
            attack = (begun, time.monotonic())
            self.share = (gauges.processor_seconds - busy) / (attack[1] - begun)
            # The rest come to their end: 2 s more of lingering, and a drip until that is felt.
            self.horde.end(self.awaited, longest + 2 + 2 * max(kind.interval for kind in self.awaited))
            last = self._pass(quiet)
        self.before = self.probe.windows([first, last], WINDOW_SECONDS)
        self.during = self.probe.windows([attack], WINDOW_SECONDS)

    @staticmethod
    def _pass(seconds):
        begun = time.monotonic()
        time.sleep(seconds)
        return begun, time.monotonic()

    def report(self, limit):
        """Why a good client waited too long, if it did; all else is checked."""
        check(not self.probe.failures, f"{len(self.probe.failures)} good requests failed: {self.probe.failures[:2]}")
        check(not self.horde.held, f"{len(self.horde.held)} attackers were never ended")
        faults = [f"{one.name} {fault}" for one in self.horde.ended if (fault := one.fault(self.horde.lag))]
        check(not faults, f"{len(faults)} of {len(self.horde.ended)} were not ended as they should: {faults[:3]}")
        for kind, count in self.counts.items():
            times = [one.seconds for one in self.horde.ended if type(one) is kind]
            told = f"{len(times)} ended after {min(times):.2f} to {max(times):.2f} s" if times else "none ended"
            print(f"   {count} x {kind.name}: {told} (deadline {kind.deadline:.4g} s)")
        check(self.before and self.during, f"too few good requests to tell a p99: {len(self.probe.samples)}")
        calm, stormy = statistics.median(self.before), statistics.median(self.during)
        print(f"   up to {self.horde.most} at once, {self.share:.2f} processors; a good client's p99 {calm * 1e3:.1f} ms,"
              f" under attack {stormy * 1e3:.1f} ms: {stormy / calm:.2f} times (medians of {len(self.before)} and"
              f" {len(self.during)} windows, {len(self.probe.samples)} requests)", flush=True)
        return None if stormy <= limit * calm else f"a good client's p99 is {stormy / calm:.2f} times as long, not {limit:g}"


def besieged(server, sieges, is_short):
    """All attacks, one after the other; afterwards the server is as it was."""
    quiet, limit = (2.5, SHORT_RATIO) if is_short else (15, LONG_RATIO)
    gauges, expected = Gauges(server.process.pid), good(server)
    with Probe(server):
        time.sleep(2)
    time.sleep(0.5)
    descriptors, resident = gauges.descriptors, gauges.resident
    missed = [fault for counts in sieges if (fault := ratio_missed(server, counts, quiet, limit, is_short))]
    check(good(server) == expected, "other rewards after the attacks")
    # Memory is given back when there is time for it.
    until(lambda: gauges.descriptors <= descriptors and gauges.resident - resident <= KEPT_BYTES, 5)
    more, growth = gauges.descriptors - descriptors, gauges.resident - resident
    print(f"   afterwards {more:+d} descriptors, {mebibytes(growth)} more memory", flush=True)
    check(more <= 0, f"{more} descriptors are left")
    check(growth <= KEPT_BYTES, f"{mebibytes(growth)} are left")
    # Last, so that one ratio keeps nothing else from being seen.
    check(not missed, "; ".join(missed))


def ratio_missed(server, counts, quiet, limit, is_short):
    """Why a good client waited too long under one attack, if it did."""
    # Seconds may lie in a bad minute of the machine; minutes have all kinds.
    for _ in range(3 if is_short else 1):
        missed = Siege(server, counts, quiet, replaces=not is_short).report(limit)
        if not missed:
            return None
        print(f"   {missed}", flush=True)
    return missed


def sealed(folder):
    """Flags of a server under TLS, and the context of its clients."""
    folder = pathlib.Path(folder)
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )
    flags = ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]
    return flags, ssl.create_default_context(cafile=folder / "cert.pem")


def plain(is_short):
    with Server(None, "--no-cache", processors=SERVER_SIDE) as server:
        besieged(server, SHORT if is_short else LONG, is_short)


def under_tls(is_short):
    with tempfile.TemporaryDirectory() as folder:
        flags, context = sealed(folder)
        with Server(None, "--no-cache", *flags, context=context, processors=SERVER_SIDE) as server:
            besieged(server, SHORT_SEALED if is_short else LONG_SEALED, is_short)


def main():
    is_short = arguments(__doc__).short
    stay_with(CALLER_SIDE)
    parts = [multiprocessing.Process(target=part, args=(is_short,)) for part in (plain, under_tls)]
    for part in parts:
        part.start()
        if not is_short:
            part.join()
    for part in parts:
        part.join()
    check(not any(part.exitcode for part in parts), "see above")
    print("every slow client was ended on its deadline, and good ones went on")


if __name__ == "__main__":
    main()
