"""Clients that hold a server's connections: thousands at once, each timed from its first byte to its end."""

import collections
import contextlib
import functools
import heapq
import resource
import select
import socket
import ssl
import time

from server import ROOT

# A steady body brings more than the server's least of 4,096 bytes a second, so that only the absolute deadline ends it.
STEADY_BYTES = 5_000
# Their answers are more than any kernel takes from a server whose client reads nothing.
UNREAD_REQUESTS = 500
UNREAD_BYTES = (ROOT / "Sources/API/Resources/page.css").stat().st_size


class Attacker:
    """One connection. A kind says what it sends at first, what then, how often, and when the server has to end it."""

    name = "?"
    # Seconds from the first byte to the server's end of it.
    deadline = 0.0
    # Beyond it, for the way there: a connection may wait to be accepted before its clock begins.
    lateness = 1.5
    # Between two drips.
    interval = 1.0
    reads = True

    def __init__(self):
        self.received = bytearray()
        self.begun = self.answered = self.ended = None
        # The server says no more; whether it still listens is another question.
        self.is_told = False
        self.message = self.first()
        self.socket = socket.socket()
        self.socket.setblocking(False)

    def first(self):
        """The bytes that start the server's clock."""
        return b""

    def drip(self):
        """What is sent at each interval."""
        return b""

    @property
    def status(self):
        """Of the answer; 0 where there was none."""
        return int(self.received[9:12]) if len(self.received) >= 12 else 0

    @property
    def seconds(self):
        """How long the server let it go on: to its last word, else to the end of the connection."""
        return (self.answered or self.ended) - self.begun

    def fault(self, lag):
        """What was wrong with the way in which it ended; None where nothing was. `lag` was this process's own."""
        if not self.deadline - 0.05 <= self.seconds <= self.deadline + self.lateness + lag:
            return f"ended after {self.seconds:.2f} s, not {self.deadline} s"
        return None


class SlowHead(Attacker):
    """Slowloris: a header line now and then."""

    name, deadline = "slow head", 5.0

    def first(self):
        return b"POST /v1/rewards HTTP/1.1\r\nHost: l\r\n"

    def drip(self):
        return b"X-a: b\r\n"

    def fault(self, lag):
        return super().fault(lag) or (None if self.status == 408 else f"answered {bytes(self.received[:60])}")


class SlowBody(SlowHead):
    """RUDY: a byte now and then, below the least rate."""

    name, deadline = "slow body", 10.0

    def first(self):
        return b"POST /v1/rewards HTTP/1.1\r\nHost: l\r\nContent-Length: 1000000\r\n\r\n"

    def drip(self):
        return b" "


class SlowChunks(SlowBody):
    """The same in chunks of one byte."""

    name = "slow chunks"

    def first(self):
        return b"POST /v1/rewards HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n"

    def drip(self):
        return b"1\r\n \r\n"


class SteadyBody(SlowBody):
    """A body just above the least rate, and without end."""

    name, deadline = "steady body", 30.0

    def drip(self):
        return b" " * STEADY_BYTES


class SlowRead(Attacker):
    """Asks for much and takes nothing."""

    # 10 s, and what the one answer that is stuck takes at the least rate; those before it have to be out first.
    lateness = 4.0
    name, deadline, reads, interval = "slow read", 10.0 + UNREAD_BYTES / 4096, False, 5.0

    def __init__(self):
        super().__init__()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)

    def first(self):
        return b"GET /page.css HTTP/1.1\r\nHost: l\r\n\r\n" * UNREAD_REQUESTS


class SippedRead(SlowRead):
    """Asks for much and takes a little now and then."""

    name, interval = "sipped read", 1.0

    def drip(self):
        with contextlib.suppress(BlockingIOError):
            self.socket.recv(1024)
        return b""


class Idle(Attacker):
    """Asks once, and then no more."""

    name, deadline, interval = "idle", 75.0, 20.0

    def first(self):
        return b"GET /health HTTP/1.1\r\nHost: l\r\n\r\n"

    @property
    def seconds(self):
        return self.ended - self.begun


class Silent(Idle):
    """Says nothing at all."""

    name = "silent"

    def first(self):
        return b""


class HalfHandshake(Idle):
    """Begins a handshake of TLS and goes no further."""

    name, deadline = "half handshake", 10.0

    def first(self):
        hello = client_hello()
        return hello[: len(hello) // 2]


@functools.cache
def client_hello():
    """What a client of TLS says first."""
    outgoing = ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Horde:
    """Keeps so many attackers of each kind at work; where one was ended another comes."""

    def __init__(self, server, counts, rate=500):
        """`counts` is {kind: how many}, `rate` how many connect in a second."""
        self._address, self._rate = (server.host, server.port), rate
        self._epoll, self._open, self._alarms = select.epoll(), {}, []
        self._missing = collections.deque(kind for kind, count in counts.items() for _ in range(count))
        self._due, self._replaces = 0.0, True
        self.ended, self.held, self.most = [], [], 0
        # How late this process itself came to do something: no fault of the server's.
        self.lag = 0.0
        allow(sum(counts.values()) + 256)

    def run(self, seconds, replaces):
        """Attacks for so long; without `replaces` nobody comes for those that were ended, and the last ends it."""
        end, self._replaces = time.monotonic() + seconds, replaces
        while (now := time.monotonic()) < end and (replaces or self._open or self._missing):
            self._refill(now)
            self._ring(now)
            wait = min([end - now, 0.05, *(alarm[0] - now for alarm in self._alarms[:1])])
            for number, _ in self._epoll.poll(max(0.0, wait)):
                if attacker := self._open.get(number):
                    self._happened(attacker)

    def end(self, awaited, seconds):
        """Waits for those of some kinds to be ended; all others leave. Who is still there then is in `held`."""
        for attacker in list(self._open.values()):
            if type(attacker) not in awaited:
                self._forget(attacker)
        self.run(seconds, replaces=False)
        self.held = list(self._open.values())
        for attacker in self.held:
            self._forget(attacker)
        self._epoll.close()

    def _refill(self, now):
        self._due = max(self._due, now - 0.1)
        while self._missing and self._due <= now:
            self._begin(self._missing.popleft(), now)
            self._due += 1 / self._rate
        self.most = max(self.most, len(self._open))

    def _begin(self, kind, now):
        attacker = kind()
        attacker.socket.connect_ex(self._address)
        number = attacker.socket.fileno()
        self._open[number] = attacker
        # Errors and hang-ups are told in any case.
        self._epoll.register(number, select.EPOLLIN if attacker.reads else 0)
        attacker.begun = time.monotonic()
        self._send(attacker, attacker.message)
        heapq.heappush(self._alarms, (now + attacker.interval, number, id(attacker)))

    def _ring(self, now):
        while self._alarms and self._alarms[0][0] <= now:
            due, number, which = heapq.heappop(self._alarms)
            attacker = self._open.get(number)
            if attacker is None or id(attacker) != which:
                continue
            self.lag = max(self.lag, now - due)
            self._send(attacker, attacker.drip())
            if attacker.ended is None:
                heapq.heappush(self._alarms, (now + attacker.interval, number, which))

    def _send(self, attacker, message):
        try:
            if message:
                attacker.socket.send(message)
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self._end(attacker)

    def _happened(self, attacker):
        if not attacker.reads or attacker.is_told:
            return self._end(attacker)
        try:
            piece = attacker.socket.recv(1 << 16)
        except BlockingIOError:
            return None
        except OSError:
            return self._end(attacker)
        if piece:
            attacker.received += piece
            attacker.answered = attacker.answered or time.monotonic()
            return None
        # The server has said its last word. It goes on dripping, and ends when the server does not even hear it.
        if isinstance(attacker, Idle) or attacker.answered is None:
            return self._end(attacker)
        attacker.is_told = True
        self._epoll.modify(attacker.socket.fileno(), 0)
        return None

    def _end(self, attacker):
        attacker.ended = time.monotonic()
        self._forget(attacker)
        self.ended.append(attacker)
        if self._replaces:
            self._missing.append(type(attacker))

    def _forget(self, attacker):
        number = attacker.socket.fileno()
        self._epoll.unregister(number)
        del self._open[number]
        attacker.socket.close()


def allow(descriptors):
    """Lets this process hold so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, descriptors), hard))
