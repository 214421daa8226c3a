"""Ten times as many requests as can be answered: as many are answered as ever, as fast as ever, and none is lost."""

import re
import tempfile

from burst import groups
from clients import ask, request
from dialects import native
from gauges import Gauges, mebibytes
from models import middle
from openloop import measured
from sides import CALLER_SIDE, SERVER_SIDE, stay_with
from server import Server, arguments, check

# A request is some milliseconds of both processors, as with a real model: what a refusal costs is little beside it.
LAYERS = 24
# What may wait is a round beside the one that runs, the least there is: with a longer queue as many are answered, later.
FLAGS = ["--max-queue-seconds", "0.1", "--no-cache"]
CALLERS = 10
LEAVING = 0.05
LEAST_GOODPUT, LONGEST_RATIO = 0.9, 2.0
# CI shares its processors with who knows what, and measures for seconds.
SHORT_GOODPUT, SHORT_RATIO = 0.7, 4.0
# Memory: what it takes at its peak, and what a connection may hold (Serving's read-ahead, a head, a body of this check).
CONNECTION_BYTES = 96 << 10


class Counts:
    """What the server's own metrics say of /v1/rewards."""

    def __init__(self, server):
        page = ask(server, "/metrics").body.decode()
        self.by_status, self.gone, self.dropped = {}, 0, 0
        for line in page.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("linchpin_requests_total{") and 'route="/v1/rewards"' in name:
                status = int(re.search(r'status="(\d+)"', name)[1])
                self.by_status[status] = self.by_status.get(status, 0) + int(float(value))
            elif name == "linchpin_clients_gone_total":
                self.gone = int(float(value))
            elif name.startswith("linchpin_dropped_rollouts_total{"):
                self.dropped += int(float(value))

    def since(self, other, status):
        return self.by_status.get(status, 0) - other.by_status.get(status, 0)


class Run:
    """One stretch of load, by the callers' ledger and by the server's counts."""

    def __init__(self, server, name, messages, seconds, **how):
        gauges = Gauges(server.process.pid)
        self.name, before = name, Counts(server)
        gauges.forget_peak()
        busy = gauges.processor_seconds
        self.ledger = measured(server, messages, seconds, **how)
        self.processor_seconds = gauges.processor_seconds - busy
        self.peak, after = gauges.peak, Counts(server)
        self._agree(before, after)

    def _agree(self, before, after):
        """Each request sent is in one column, and the server has it in the same or, where we left, in some other."""
        ledger = self.ledger
        answered, refused = ledger.count(200), ledger.count(429)
        check(not ledger.failures, f"{self.name}: {len(ledger.failures)} failed: {ledger.failures[:3]}")
        check(answered + refused + ledger.gone == ledger.sent,
              f"{self.name}: {answered} answered, {refused} refused, {ledger.gone} gone of {ledger.sent} sent;"
              f" {sorted({status for status, _ in ledger.answers})}")
        for status, ours in ((200, answered), (429, refused)):
            theirs = after.since(before, status)
            check(ours <= theirs <= ours + ledger.gone, f"{self.name}: {ours} of {status} here, {theirs} at the server")
        self.left, self.dropped = after.gone - before.gone, after.dropped - before.dropped

    def __str__(self):
        ledger = self.ledger
        told = f"{self.name}: {ledger.sent / ledger.seconds:.1f} sent a second, {ledger.goodput:.1f} answered"
        if ledger.count(200):
            told += f", p50 {ledger.quantile(0.5, 200) * 1e3:.0f} ms, p99 {ledger.quantile(0.99, 200) * 1e3:.0f} ms"
        if ledger.count(429):
            told += (f"; {ledger.count(429)} refused, p50 {ledger.quantile(0.5, 429) * 1e3:.1f} ms,"
                     f" p99 {ledger.quantile(0.99, 429) * 1e3:.0f} ms")
        if ledger.gone:
            told += f"; {ledger.gone} gone ({self.left} seen, {self.dropped} dropped before they were computed)"
        return (f"   {told}; processors: server {self.processor_seconds / ledger.seconds:.2f},"
                f" callers {ledger.processor_seconds / ledger.seconds:.2f}; {ledger.connections} connections,"
                f" {mebibytes(self.peak)}; at most {ledger.lateness * 1e3:.0f} ms late")


def main():
    options = arguments(__doc__)
    seconds = (4, 4, 10) if options.short else (30, 60, 180)
    messages = [request("/v1/rewards", native([item])) for item in groups(512, options.seed)]
    stay_with(CALLER_SIDE)
    with tempfile.TemporaryDirectory() as folder:
        model = middle(folder + "/middle", options.seed, LAYERS)
        with Server(model, *FLAGS, processors=SERVER_SIDE) as server:
            measured(server, messages, 2, seed=options.seed, callers=CALLERS)
            # A stretch of seconds may lie in a bad minute of the machine; one of minutes has all kinds.
            for rest in reversed(range(3 if options.short else 1)):
                missed = judge(options.short, *stretches(server, messages, seconds, options.seed))
                if not missed:
                    break
                check(rest, "; ".join(missed))
                print(f"   {'; '.join(missed)}: measured again", flush=True)
    print("ten times overload: every request accounted for, goodput, p99 and memory within their bounds")


def stretches(server, messages, seconds, seed):
    """As much as can be answered, four fifths of that, ten times that, and the first again."""
    def run(name, place, length, **how):
        found = Run(server, name, messages, length, seed=seed + place, **how)
        print(found, flush=True)
        return found

    peak = run("peak", 0, seconds[0], callers=CALLERS)
    most = peak.ledger.goodput
    easy = run("80 %", 1, seconds[1], rate=0.8 * most)
    hard = run("10 times", 2, seconds[2], rate=10 * most, leaving=LEAVING)
    return peak, easy, hard, run("peak again", 3, seconds[0], callers=CALLERS)


def judge(is_short, peak, easy, hard, again):
    """What was too slow; memory does not hang on the minute."""
    least, longest = (SHORT_GOODPUT, SHORT_RATIO) if is_short else (LEAST_GOODPUT, LONGEST_RATIO)
    # Before and after: what else the machine does changes with the minutes.
    most = (peak.ledger.goodput + again.ledger.goodput) / 2
    share, ratio = hard.ledger.goodput / most, hard.ledger.quantile(0.99, 200) / easy.ledger.quantile(0.99, 200)
    ceiling = peak.peak + CONNECTION_BYTES * hard.ledger.connections
    print(f"   goodput {share:.3f} of the peak, p99 of the admitted {ratio:.2f} times that at 80 %, memory"
          f" {mebibytes(hard.peak)} of {mebibytes(ceiling)} (at the peak {mebibytes(peak.peak)}, and"
          f" {CONNECTION_BYTES >> 10} KiB a connection)")
    check(hard.peak <= ceiling, f"memory is {mebibytes(hard.peak)}, more than {mebibytes(ceiling)}")
    missed = [] if share >= least else [f"goodput is {share:.3f} of the peak, not {least}"]
    if ratio > longest:
        missed.append(f"the p99 of the admitted is {ratio:.2f} times that at 80 % load, not {longest}")
    return missed


if __name__ == "__main__":
    main()
