"""linchpin_client against a server that fails in every way: no rollout is lost or doubled, and no failure is silent."""

import asyncio
import concurrent.futures
import os
import pickle
import random
import socket
import sys
import threading
import time

from flaky import Flaky
from server import ROOT, arguments, check

sys.path.insert(0, str(ROOT / "Deploy/trainers"))
import linchpin_client  # noqa: E402
from linchpin_client import Client, LinchpinError  # noqa: E402

TROUBLES = ["503/0", "429/0", "408", "500", "502", "504", "reset", "hang-up", "cut", "close", "slow"]


def numbered(count, start=0):
    return [{"prompt": str(start + number), "response": "a step"} for number in range(count)]


def refused(client, rollouts):
    """The error that asking ends with, and how long that took."""
    began = time.monotonic()
    try:
        client.rewards(rollouts)
    except LinchpinError as error:
        return error, time.monotonic() - began
    raise SystemExit("FAILED: nothing was refused")


def storm(seed, threads, calls):
    """Many threads, each call in several requests, half of which go wrong."""
    chance = random.Random(seed)
    script = [chance.choice(TROUBLES) if chance.random() < 0.5 else "ok" for _ in range(threads * calls * 2)]
    with Flaky(script) as server:
        client = Client(server.url, batch=7, timeout=0.5, deadline=60)

        def one(start):
            wanted = [float(number) for number in range(start, start + 20)]
            check(client.rewards(numbered(20, start)) == wanted, "each its own, in order")

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(0, threads * calls * 100, 100)))
        check(server.requests > threads * calls * 3, "the troubles were met")
        return server.requests


def patience():
    """Retry-After is kept to, and the deadline too."""
    with Flaky(["503/1"]) as server:
        began = time.monotonic()
        check(Client(server.url).rewards(numbered(1)) == [0.0], "the second try is answered")
        check(1 <= time.monotonic() - began < 3, "it waited for the second that Retry-After asks for")
    with Flaky(["503/60"] * 9) as server:
        error, seconds = refused(Client(server.url, deadline=2), numbered(1))
        check((error.status, error.code, server.requests) == (503, "told_503", 1), f"{error} of {server.requests}")
        check(seconds < 0.5, "a pause past the deadline is not begun")
    with Flaky(["slow"] * 99) as server:
        error, seconds = refused(Client(server.url, timeout=0.2, deadline=1), numbered(1))
        check(error.status == 0 and 0.2 < seconds < 1.6, f"{error} after {seconds:.1f} s")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        error, seconds = refused(Client(url, deadline=0.5), numbered(1))
        check(error.status == 0 and error.code == "no_answer" and seconds < 1, f"{error} after {seconds:.1f} s")


def refusals():
    """What another try cannot mend is raised at once, and says what the server said."""
    for word in ["400", "401", "404", "422"]:
        with Flaky([word]) as server:
            error, _ = refused(Client(server.url), numbered(2))
            known = (error.status, error.code, error.param, server.requests)
            check(known == (int(word), f"told_{word}", "rollouts[0]", 1), f"{word}: {known}")
            check(str(pickle.loads(pickle.dumps(error))) == str(error), "the error survives another process")
    for word in ["short", "nan"]:
        with Flaky([word]) as server:
            check(refused(Client(server.url), numbered(2))[0].code == "bad_answer", f"{word} is no answer")
    with Flaky() as server:
        mixed = [*numbered(1), {"prompt": "1", "response": ""}]
        error, _ = refused(Client(server.url), mixed)
        check((error.code, error.param) == ("empty_steps", "rollouts[1]"), f"the item is named: {error}")
        check(Client(server.url, unscorable=-1.0).rewards(mixed) == [0.0, -1.0], "or has the reward that was chosen")
        check(Client(server.url).rewards([]) == [], "nothing is nothing")


def connections():
    """Kept between calls; another for each thread at once, and for a forked process."""
    with Flaky() as server:
        client = Client(server.url)
        for _ in range(20):
            client.rewards(numbered(3))
        check(server.connections == 1, f"{server.connections} connections for 20 calls in a row")
        child = os.fork()
        if child == 0:
            os._exit(0 if client.rewards(numbered(3)) == [0.0, 1.0, 2.0] else 1)
        check(os.waitpid(child, 0)[1] == 0, "the child is answered")
        client.rewards(numbered(3))
        check(server.connections == 2, f"{server.connections} connections with the child's")
        barrier = threading.Barrier(4)

        def together(_):
            barrier.wait()
            return client.rewards(numbered(2))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            check(list(pool.map(together, range(4))) == [[0.0, 1.0]] * 4, "four threads at once")
        check(server.connections <= 5, f"{server.connections} connections for four threads")


def batches():
    """Split by count, in order, and never through a group."""
    with Flaky() as server:
        client = Client(server.url, batch=4)
        groups = ["a", "b", None, "a", "b", "c", "c", "c", "c", "c", None]
        rollouts = [{**one, "group": group} if group else one for one, group in zip(numbered(11), groups)]
        check(client.rewards(rollouts) == [float(number) for number in range(11)], "in the caller's order")
        sent = [[one.get("group") for one in body["rollouts"]] for body in server.bodies]
        check(sent == [["a", "a", "b", "b"], [None], ["c"] * 5, [None]], f"in groups: {sent}")
        check(asyncio.run(client.arewards(numbered(5))) == [0.0, 1.0, 2.0, 3.0, 4.0], "from an event loop")
        client.rewards(numbered(1), credit={"pooling": "min"}, normalize="grpo")
        check(server.bodies[-1]["credit"] == {"pooling": "min"} and server.bodies[-1]["normalize"] == "grpo", "options")


def sizes():
    """What is too large for one request goes in two, but for one rollout or one group."""
    with Flaky(["413", "413"]) as server:
        check(Client(server.url).rewards(numbered(5)) == [0.0, 1.0, 2.0, 3.0, 4.0], "in the caller's order")
        sent = [len(body["rollouts"]) for body in server.bodies]
        check(sent == [5, 3, 2, 1, 2], f"halved as often as is needed: {sent}")
    with Flaky(["413"]) as server:
        places = [item["index"] for item in Client(server.url).score(numbered(4))]
        check(places == [0, 1, 2, 3], f"each item has its place: {places}")
    for rollouts in [numbered(1), [{**one, "group": "q"} for one in numbered(4)]]:
        with Flaky(["413"]) as server:
            error, _ = refused(Client(server.url), rollouts)
            check((error.status, server.requests) == (413, 1), f"{error} after {server.requests} requests")


def main():
    options = arguments(__doc__)
    linchpin_client.FIRST_PAUSE, linchpin_client.LONGEST_PAUSE = 0.02, 0.3
    requests = storm(options.seed, 8, 6 if options.short else 40)
    patience()
    refusals()
    connections()
    batches()
    sizes()
    print(f"{requests} requests, half of them in trouble: every rollout has its own reward, once")


main()
