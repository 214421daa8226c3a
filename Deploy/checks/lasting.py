"""A server that has answered thousands of requests is as large as one that has answered hundreds."""

import concurrent.futures
import http.client
import json
import time

from gauges import Gauges, mebibytes
from probe import ITEM
from server import Server, arguments, check

CALLERS = 4
# What a request leaves behind in the end; a timer that outlived its request took 730 bytes.
MOST_BYTES = 200
# Of a heap that is never twice the same, and what Dispatch keeps of freed continuations: 64 KiB a thread.
SHARED_BYTES = 1 << 20
# Longer than anything that a request leaves for a while.
PAUSE_SECONDS = 7


def ask(server, count):
    """So many requests on one connection."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    body = json.dumps({"rollouts": [ITEM]})
    for _ in range(count):
        connection.request("POST", "/v1/rewards", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        check(answer.status == 200, f"status {answer.status}")
    connection.close()


def asked(server, count):
    """What is resident after so many requests, some of them at a time."""
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(lambda _: ask(server, count // CALLERS), range(CALLERS)))
    time.sleep(PAUSE_SECONDS)
    # Memory goes back to the system in a second with an answer in it.
    ask(server, 1)
    time.sleep(2)
    return Gauges(server.process.pid).resident


def main():
    count = 4_000 if arguments(__doc__).short else 100_000
    # Without the cache, which is to grow until it is full.
    with Server(None, "--no-cache") as server:
        before = asked(server, 1_000)
        growth = asked(server, count) - before
    print(f"{count} requests left {mebibytes(growth)}, {growth / count:.0f} bytes each")
    check(growth <= SHARED_BYTES + MOST_BYTES * count, f"{growth / count:.0f} bytes a request are more than {MOST_BYTES}")


if __name__ == "__main__":
    main()
