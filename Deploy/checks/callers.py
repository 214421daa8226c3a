"""Callers that leave are dropped uncomputed; a full queue says so; a server out of descriptors waits, and recovers."""

import json
import resource
import socket
import struct
import time

from clients import metric
from server import Server, arguments, check, fixture, rollouts

GOOD = {"rollouts": [{"prompt": "What is 1+1?", "steps": ["1 + 1 = 2."]}]}


def request(body):
    head = f"POST /v1/rewards HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def leaving(model, callers):
    """While a long request runs, others ask and leave, half by a reset and half by a close."""
    items = (rollouts() * 4)[:3000]
    long = json.dumps({"rollouts": items}).encode()
    short = request(json.dumps(GOOD).encode())
    with Server(model, "--threads", "1", "--max-batch-tokens", "2048") as server:
        with socket.create_connection((server.host, server.port)) as busy:
            busy.sendall(request(long))
            time.sleep(0.5)
            for number in range(callers):
                caller = socket.create_connection((server.host, server.port))
                caller.sendall(short)
                time.sleep(0.01)
                if number % 2:
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.close()
            check(busy.recv(12) == b"HTTP/1.1 200", "the long request is answered")
        scored = metric(server, 'linchpin_rollouts_total{outcome="scored"}')
        check(scored == len(items), f"{scored - len(items):.0f} rollouts were computed for callers that had left")
        # A reset may come before the request was read; then there is nothing to drop.
        dropped = metric(server, "linchpin_dropped_rollouts_total")
        check(callers / 2 <= dropped <= callers, f"{dropped:.0f} of {callers} callers that left were dropped")
        check(server.post("/v1/rewards", GOOD)[0] == 200, "the server goes on")
    return int(dropped)


def overload(model):
    """With a full queue the next caller is told when to come back, and the one in the queue is served."""
    long = json.dumps({"rollouts": (rollouts() * 4)[:1500]}).encode()
    with Server(model, "--threads", "1", "--max-queue-tokens", "1000", "--max-batch-tokens", "500") as server:
        with socket.create_connection((server.host, server.port)) as busy:
            busy.sendall(request(long))
            time.sleep(0.5)
            own = server.connect()
            own.request("POST", "/v1/rewards", json.dumps(GOOD), {"Content-Type": "application/json"})
            answer = own.getresponse()
            error = json.loads(answer.read())["error"]
            check((answer.status, error["code"]) == (429, "overloaded"), f"a full queue answers {answer.status} {error}")
            check(1 <= int(answer.headers["Retry-After"]) <= 60, f"Retry-After {answer.headers['Retry-After']}")
            check(server.get("/health")[0] == 200, "it is healthy all the same")
            check(busy.recv(12) == b"HTTP/1.1 200", "the long request is answered")
        check(server.post("/v1/rewards", GOOD)[0] == 200, "the next caller is served")


def processor_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def descriptors(model, limit=64, callers=200):
    """More connections than descriptors: no crash, no spinning, and the waiting ones are served later."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        server = Server(model)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with server:
        sockets = [socket.create_connection((server.host, server.port)) for _ in range(callers)]
        time.sleep(0.5)
        before = processor_seconds(server)
        time.sleep(2)
        spent = processor_seconds(server) - before
        check(spent < 0.5, f"{spent:.2f} s of processor time in 2 s of waiting")
        for one in sockets:
            one.close()
        check(server.post("/v1/rewards", GOOD)[0] == 200, "it serves again")
        check(server.process.poll() is None, "it lives")
    return callers, limit


def main():
    arguments(__doc__)
    model = fixture("qwen-prm")
    left = leaving(model, 40)
    overload(model)
    callers, limit = descriptors(model)
    print(f"{left} of 40 callers that left were dropped, none was computed; a full queue answers 429 + Retry-After;"
          f" {callers} connections on {limit} descriptors survived")


main()
