"""Greedy requests: each gets its status, takes no more than its budget, and leaves the server as it was."""

import http.client
import socket
import time

import greed
from clients import until
from gauges import Gauges, mebibytes
from probe import good
from server import Server, arguments, check

# Over a case's budget, and what may stay for good (reference/http-policy.md section 2, OK-after).
SLACK, KEPT = 1 << 20, 8 << 20
SECONDS = 120
# The server looks once a second at what it could give back.
PATIENCE_SECONDS = 5


def answer(server, pieces):
    """The status, and how many bytes the server took before it stopped listening."""
    sent = 0
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        reply.read()
        return reply.status, sent


class Watch:
    """A server's state before a case, and what has become of it since."""

    def __init__(self, server):
        self._server, self._gauges, self._expected = server, Gauges(server.process.pid), good(server)
        self._descriptors, self._resident = self._gauges.descriptors, self._gauges.resident

    def growth(self, work):
        """What `work` gives, and by how much memory grew at most while it went on."""
        self._gauges.forget_peak()
        before = self._gauges.resident
        return work(), self._gauges.peak - before

    def left(self, name):
        """The same bits, and memory and descriptors given back, soon if not at once: how much is left of both."""
        check(self._server.process.poll() is None, f"after {name} the server is gone")
        check(good(self._server) == self._expected, f"after {name} other rewards")
        until(lambda: self._memory <= KEPT and self._more <= 0, PATIENCE_SECONDS)
        return self._memory, self._more

    @property
    def _memory(self):
        return self._gauges.resident - self._resident

    @property
    def _more(self):
        return self._gauges.descriptors - self._descriptors


class Trial:
    """One case, and what was wrong with what came of it."""

    def __init__(self, server, watch, case):
        begun = time.monotonic()
        (self.status, sent), growth = watch.growth(lambda: answer(server, case.pieces))
        seconds = time.monotonic() - begun
        memory, descriptors = watch.left(case.name)
        self.told = (f"{case.name}: {self.status}, {seconds:.2f} s, {mebibytes(sent)} sent, {mebibytes(growth)} more at"
                     f" most, {mebibytes(memory)} left")
        found = {
            f"{self.status}, not {case.status}": self.status != case.status,
            f"{mebibytes(growth)}, more than {mebibytes(case.budget + SLACK)}": growth > case.budget + SLACK,
            f"{mebibytes(memory)} are left": memory > KEPT,
            f"{descriptors} descriptors are left": descriptors > 0,
        }
        self.faults = [f"{case.name}: {fault}" for fault, holds in found.items() if holds]


# Of a health check, beside whatever work.
PROMPT_SECONDS = 1
GONE = 8


def abandoned(server):
    """Callers of the longest answers who are gone at once: health is told meanwhile, and of their work little is done."""
    gauges = Gauges(server.process.pid)

    def spent(work):
        before = gauges.processor_seconds
        work()
        return gauges.processor_seconds - before

    def leave():
        for _ in range(GONE):
            with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
                for piece in greed.LONGEST:
                    connection.sendall(piece)
                time.sleep(0.05)
        slowest = 0.0
        for _ in range(10):
            begun = time.monotonic()
            status, _ = server.get("/health/live")
            check(status == 200, f"/health/live is {status} beside long answers")
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.1)
        check(slowest < PROMPT_SECONDS, f"/health/live took {slowest:.2f} s beside long answers")
        answer(server, greed.LONGEST)

    one = spent(lambda: answer(server, greed.LONGEST))
    all_of_them = spent(leave)
    # The last, which is waited for, and what was under way when its caller left.
    check(all_of_them < one * GONE / 2, f"{GONE} callers who left and one took {all_of_them:.1f} s, one takes {one:.1f} s")
    return f"{GONE} callers of the longest answer left: {all_of_them:.1f} s of processor, where one answer takes {one:.1f} s"


# The memory for answers in `unread`: two of the longest (17 MB each) fit.
ANSWERS = 40 << 20
UNREAD = 12


def unread():
    """Callers of the longest answers who read nothing: what is kept for them is bounded, and the others are refused."""
    with Server(None, "--max-inflight-bytes", str(ANSWERS)) as server:
        good(server)
        answer(server, greed.LONGEST)
        gauges = Gauges(server.process.pid)
        before = gauges.resident
        waiting = [socket.create_connection((server.host, server.port), timeout=SECONDS) for _ in range(UNREAD)]
        for connection in waiting:
            for piece in greed.LONGEST:
                connection.sendall(piece)
        # What is short does not wait for them, some seconds' work.
        begun = time.monotonic()
        check(answer(server, greed.credit([greed.lone(10)]))[0] == 200, "a short answer beside long ones")
        seconds = time.monotonic() - begun
        check(seconds < PROMPT_SECONDS, f"a short answer took {seconds:.2f} s beside long ones")
        # The head comes when the answer is made, whether or not its body is ever read.
        statuses = [int(connection.recv(12).split()[1]) for connection in waiting]
        until(lambda: gauges.resident - before <= ANSWERS + KEPT, PATIENCE_SECONDS)
        kept = gauges.resident - before
        check(kept <= ANSWERS + KEPT, f"{UNREAD} answers that nobody reads take {mebibytes(kept)}")
        check(statuses.count(200) == 2 and statuses.count(503) == UNREAD - 2, f"{statuses} to who does not read")
        good(server)
        for connection in waiting:
            connection.close()
        check(answer(server, greed.LONGEST)[0] == 200, "what was held for those who left is not given back")
    return f"{UNREAD} answers that nobody reads: {statuses.count(503)} refused, {mebibytes(kept)} held, a short one took {seconds:.2f} s"


def main():
    arguments(__doc__)
    cases = greed.framing() + greed.codings() + greed.texts() + greed.trees() + greed.programs()
    faults = []
    # Nothing is kept of a request, so that the next computes the same bits anew.
    with Server(None, "--no-cache") as server:
        for _ in range(300):
            good(server)
        watch = Watch(server)
        for case in cases:
            trial = Trial(server, watch, case)
            print(f"   {trial.told}", flush=True)
            faults += trial.faults
        print(f"   {abandoned(server)}", flush=True)
    print(f"   {unread()}", flush=True)
    check(not faults, "; ".join(faults))
    print(f"{len(cases)} greedy requests: each refused as documented, within its memory, and the same bits after it")


if __name__ == "__main__":
    main()
