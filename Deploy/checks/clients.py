"""Callers of a running server: one that sees all of an answer, and thousands at once on connections of their own."""

import contextlib
import json
import resource
import selectors
import socket
import struct
import time

JSON = {"Content-Type": "application/json"}


class Answer:
    """Status, headers and the bytes of the body."""

    def __init__(self, status, headers, body, seconds=0.0):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    @property
    def value(self):
        """The body with every number that has a point as its text: 1.0 is "1.0", and 1 is 1. NaN is refused."""
        return json.loads(self.body, parse_float=str, parse_constant=not_json)


def not_json(word):
    raise SystemExit(f"FAILED: the body has {word}")


def ask(server, path, value=None, method=None, headers=None, connection=None):
    """`value` as JSON, or as it is where it is bytes; without one it is a GET."""
    own = connection or server.connect()
    body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    begin = time.monotonic()
    fields = {**({} if body is None else JSON), **(headers or {})}
    own.request(method or ("GET" if body is None else "POST"), path, body, fields)
    response = own.getresponse()
    answer = Answer(response.status, response.headers, response.read(), time.monotonic() - begin)
    if connection is None:
        own.close()
    return answer


def metric(server, name):
    """A series' value; without labels that of its whole family, summed over the models."""
    lines = ask(server, "/metrics").body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((name + " ", name + "{")))


def until(condition, seconds=10.0):
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def request(path, value):
    """Its bytes."""
    body = json.dumps(value).encode()
    fields = f"Host: l\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"POST {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body


def send(server, path, value):
    """A connection on which a request is on its way."""
    return begun(server, request(path, value))


def begun(server, message):
    """A connection on which these bytes were sent."""
    connection = socket.create_connection((server.host, server.port), timeout=120)
    connection.sendall(message)
    return connection


def reset(connection):
    """Closes as a process that dies."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def busy(server, rollouts=400, tokens=500):
    """Keeps the kernel at work that shares no token with any other, until the block ends."""
    ids = [{"token_ids": [n % 300, n // 300] + [n % 97] * (tokens - 2), "read_positions": [1]} for n in range(rollouts)]
    connection = send(server, "/v1/rewards", {"rollouts": ids})
    try:
        if not until(lambda: metric(server, "linchpin_running_rollouts") > 0):
            raise SystemExit("FAILED: the long request does not run")
        yield connection
    finally:
        reset(connection)


class Caller:
    """One request on a connection of its own, as far as it has come."""

    def __init__(self, address, message):
        self.rest, self.received, self.length, self.error = memoryview(message), bytearray(), None, None
        self.begin, self.end = time.monotonic(), None
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(address)

    def step(self):
        """Whether it still waits, and for what."""
        try:
            if self.rest:
                self.rest = self.rest[self.socket.send(self.rest):]
                return selectors.EVENT_WRITE if self.rest else selectors.EVENT_READ
            piece = self.socket.recv(1 << 16)
            self.received += piece
            if not piece:
                raise ConnectionError("closed before the answer was whole")
            if not self.is_whole():
                return selectors.EVENT_READ
        except BlockingIOError:
            return selectors.EVENT_WRITE if self.rest else selectors.EVENT_READ
        except OSError as error:
            self.error = error
        self.end = time.monotonic()
        return 0

    def is_whole(self):
        if self.length is None:
            head, found, _ = self.received.partition(b"\r\n\r\n")
            if not found:
                return False
            lines = head.lower().split(b"\r\n")
            bytes_of_body = next(line.split(b":")[1] for line in lines if line.startswith(b"content-length:"))
            self.length = len(head) + 4 + int(bytes_of_body)
        return len(self.received) >= self.length

    @property
    def answer(self):
        head, _, body = bytes(self.received).partition(b"\r\n\r\n")
        return Answer(int(head[9:12]), {}, body, self.end - self.begin)


class Burst:
    """All requests at once, each on a fresh connection; ends when every one is answered or has failed."""

    def __init__(self, server, messages):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < len(messages) + 64:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, len(messages) + 64), hard))
        begin = time.monotonic()
        with selectors.DefaultSelector() as selector:
            self.callers = [Caller((server.host, server.port), message) for message in messages]
            for caller in self.callers:
                selector.register(caller.socket, selectors.EVENT_WRITE, caller)
            while selector.get_map():
                for key, _ in selector.select():
                    wanted = key.data.step()
                    if not wanted:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                    elif wanted != key.events:
                        selector.modify(key.fileobj, wanted, key.data)
        self.seconds = time.monotonic() - begin

    @property
    def failures(self):
        return [repr(caller.error) for caller in self.callers if caller.error]

    @property
    def answers(self):
        return [caller.answer for caller in self.callers]
