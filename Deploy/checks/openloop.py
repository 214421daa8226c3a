"""Callers who come when they come, whether earlier ones were answered or not, each with a place in the ledger."""

import heapq
import multiprocessing
import random
import select
import socket
import time

from attackers import allow
from clients import reset

# Nobody waits longer: what is unanswered then is a failure.
PATIENCE_SECONDS = 60
CONNECTIONS = 8192
# Those that give up do so after so many seconds at most.
IMPATIENCE_SECONDS = 0.1


class Ledger:
    """What became of every request that was sent."""

    def __init__(self):
        self.sent = self.gone = 0
        # (status, seconds from the time at which it was due) of each that was answered, and what broke.
        self.answers, self.failures = [], []
        self.seconds = self.processor_seconds = self.lateness = 0.0
        self.connections = 0

    def count(self, *statuses):
        return sum(status in statuses for status, _ in self.answers)

    def times(self, *statuses):
        return sorted(seconds for status, seconds in self.answers if status in statuses)

    def quantile(self, share, *statuses):
        times = self.times(*statuses)
        return times[min(len(times) - 1, int(len(times) * share))]

    @property
    def goodput(self):
        return self.count(200) / self.seconds


class Connection:
    """One that may be asked again."""

    def __init__(self, address):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(address)
        self.request = 0
        self.received = b""
        # Of the request, where the kernel has not let all of it in.
        self.rest = b""
        self.due = 0.0


class Load:
    """Sends `messages` in turn. With a rate they come as a Poisson process; else each of `callers` asks on and on."""

    def __init__(self, address, messages, seed, rate=None, callers=0, leaving=0.0):
        self._address, self._messages = address, messages
        self._chance, self._rate, self._leaving = random.Random(seed), rate, leaving
        # All connections by number; those among them that nothing is asked of, the latest last.
        self._epoll, self._open, self._idle = select.epoll(), {}, {}
        self._leavers, self._returning = [], []
        self._callers = callers
        self.ledger = Ledger()

    def run(self, seconds):
        allow(CONNECTIONS + 64)
        begun, busy = time.monotonic(), time.process_time()
        end = due = begun
        end += seconds
        for _ in range(self._callers):
            self._send(begun)
        while (now := time.monotonic()) < end:
            while self._rate and due <= now:
                self._send(due)
                due += self._chance.expovariate(self._rate)
            self._turn(min(end, due if self._rate else end), is_open=True)
        self.ledger.seconds = time.monotonic() - begun
        self.ledger.processor_seconds = time.process_time() - busy
        while self._waiting and time.monotonic() < end + PATIENCE_SECONDS:
            self._turn(end + PATIENCE_SECONDS, is_open=False)
        self.ledger.failures += ["never answered"] * self._waiting
        for connection in self._open.values():
            connection.socket.close()
        return self.ledger

    @property
    def _waiting(self):
        return len(self._open) - len(self._idle)

    def _turn(self, until, is_open):
        now = time.monotonic()
        if self._leavers:
            until = min(until, self._leavers[0][0])
        for number, _ in self._epoll.poll(max(0.0, min(until - now, 0.05))):
            if number in self._idle:
                # The server closes who asks nothing for long.
                self._drop(self._open[number])
            elif self._open[number].rest:
                self._pushed(self._open[number])
            elif self._read(self._open[number]) and self._callers:
                heapq.heappush(self._returning, time.monotonic() + self._pause())
        now = time.monotonic()
        while is_open and self._returning and self._returning[0] <= now:
            self._send(heapq.heappop(self._returning))
        while self._leavers and self._leavers[0][0] <= now:
            self._leave(*heapq.heappop(self._leavers)[1:])

    def _pause(self):
        """After a refusal a caller waits a little: what it asks for next is not what is measured."""
        return 0.02 if self.ledger.answers and self.ledger.answers[-1][0] != 200 else 0.0

    def _send(self, due):
        connection = self._idle.popitem()[1] if self._idle else self._connected()
        ledger = self.ledger
        connection.request, connection.due, connection.received = ledger.sent, due, b""
        message = self._messages[ledger.sent % len(self._messages)]
        ledger.sent += 1
        now = time.monotonic()
        ledger.lateness = max(ledger.lateness, now - due)
        connection.rest = message
        if not self._pushed(connection):
            return
        if self._chance.random() < self._leaving:
            leave = now + self._chance.uniform(0, IMPATIENCE_SECONDS)
            heapq.heappush(self._leavers, (leave, connection.socket.fileno(), connection.request))

    def _pushed(self, connection):
        """Sends what is left of a request; False where the connection is broken."""
        try:
            connection.rest = connection.rest[connection.socket.send(connection.rest):]
        except BlockingIOError:
            # The door is crowded: even the connection has to wait.
            pass
        except OSError as error:
            self._drop(connection)
            self.ledger.failures.append(repr(error))
            return False
        waits = select.EPOLLOUT if connection.rest else 0
        self._epoll.modify(connection.socket.fileno(), select.EPOLLIN | waits)
        return True

    def _connected(self):
        connection = Connection(self._address)
        self._epoll.register(connection.socket.fileno(), select.EPOLLIN)
        self._open[connection.socket.fileno()] = connection
        self.ledger.connections += 1
        return connection

    def _drop(self, connection):
        number = connection.socket.fileno()
        self._epoll.unregister(number)
        del self._open[number]
        self._idle.pop(number, None)
        # As a process that dies: who asked and was not answered must not be computed for.
        reset(connection.socket)

    def _leave(self, number, request):
        connection = self._open.get(number)
        if connection is not None and number not in self._idle and connection.request == request:
            self._drop(connection)
            self.ledger.gone += 1

    def _read(self, connection):
        """Whether it is answered, or has failed."""
        try:
            piece = connection.socket.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError as error:
            piece, failure = b"", repr(error)
        else:
            failure = "closed without an answer"
        if not piece:
            self._drop(connection)
            self.ledger.failures.append(failure)
            return True
        connection.received += piece
        head, found, body = connection.received.partition(b"\r\n\r\n")
        if not found or len(body) < length(head):
            return False
        status = int(head[9:12])
        self.ledger.answers.append((status, time.monotonic() - connection.due))
        if status == 429 and b"Retry-After: " not in head:
            self.ledger.failures.append("refused without a word of when to come back")
        if b"Connection: close" in head:
            self._drop(connection)
        else:
            self._idle[connection.socket.fileno()] = connection
        return True


def length(head):
    start = head.index(b"Content-Length: ") + 16
    end = head.find(b"\r", start)
    return int(head[start:] if end < 0 else head[start:end])


def measured(server, messages, seconds, **how):
    """The ledger of one stretch, driven from a process of its own."""
    pipe, theirs = multiprocessing.Pipe(duplex=False)

    def work():
        theirs.send(Load((server.host, server.port), messages, **how).run(seconds))

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    ledger = pipe.recv()
    process.join()
    return ledger
