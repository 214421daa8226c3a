"""SIGTERM under load: every request that was accepted is answered, and the exit code is 0 (promise P8); other signals."""

import http.client
import json
import random
import signal
import socket
import tempfile
import threading
import time

from clients import metric
from models import middle
from server import Server, arguments, check, fixture, rollouts


def load(server, items, stopping, ledger, lock, seed):
    """Sends until refused. A request counts as lost when its bytes were taken and no whole answer came."""
    generator = random.Random(seed)
    connection = server.connect()
    while True:
        keep = generator.random() < 0.5
        item = generator.choice(items)
        if not keep:
            connection.close()
            connection = server.connect()
        try:
            if connection.sock is None:
                connection.connect()
        except OSError:
            return
        fresh_at = time.monotonic()
        try:
            status, answer = server.post("/v1/rewards", {"rollouts": [item]}, connection)
            with lock:
                ledger["answered"] += 1
                if status != 200 or len(answer["data"][0]["steps"]) != len(item["steps"]):
                    ledger["wrong"].append(status)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            # After the stop a kept connection may be closed as idle while the request is on its way: it was never
            # accepted. Before the stop nothing may fail, and a fresh connection is answered whenever it was accepted.
            with lock:
                closed_idle = keep and stopping.is_set() and isinstance(
                    error, (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError))
                ledger["unaccepted" if closed_idle else "lost"].append((repr(error), time.monotonic() - fresh_at))
            return


def once(model, items, seed, clients):
    ledger = {"answered": 0, "wrong": [], "lost": [], "unaccepted": []}
    lock, stopping = threading.Lock(), threading.Event()
    with Server(model) as server:
        threads = [
            threading.Thread(target=load, args=(server, items, stopping, ledger, lock, seed * 1000 + n))
            for n in range(clients)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3 + random.Random(seed).random() * 0.7)
        stopping.set()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(timeout=60)
        for thread in threads:
            thread.join(timeout=60)
        check(code == 0, f"exit code {code}")
        check(not any(thread.is_alive() for thread in threads), "a client hangs")
        with socket.socket() as probe:
            check(probe.connect_ex((server.host, server.port)) != 0, "the port is still open")
    check(not ledger["lost"], f"lost: {ledger['lost'][:3]}")
    check(not ledger["wrong"], f"wrong: {ledger['wrong'][:3]}")
    return ledger


def one(server, item, ledger, lock):
    """One request on a connection of its own, which the ledger has by how it ended."""
    outcome = "refused"
    try:
        connection = server.connect()
        connection.connect()
        outcome = "lost"
        status, answer = server.post("/v1/rewards", {"rollouts": [item]}, connection)
        whole = status == 200 and len(answer["data"][0]["steps"]) == len(item["steps"])
        outcome = "answered" if whole else f"wrong: {status}"
    except (OSError, http.client.HTTPException, ValueError):
        pass
    with lock:
        ledger.append((outcome, time.monotonic()))


def in_grace(model, items, seed, grace, rate):
    """Requests come at their own pace; SIGTERM: not ready at once, all that connects is served until the grace is over."""
    numbers, ledger, lock = random.Random(seed), [], threading.Lock()
    with Server(model, "--grace-seconds", str(grace)) as server:
        begun, threads, told, stopped = time.monotonic(), [], None, None
        while server.process.poll() is None and time.monotonic() - begun < grace + 30:
            threads.append(threading.Thread(target=one, args=(server, numbers.choice(items), ledger, lock)))
            threads[-1].start()
            if stopped is None and time.monotonic() - begun > 0.5:
                server.process.send_signal(signal.SIGTERM)
                stopped = time.monotonic()
                time.sleep(0.1)
                told = server.get("/health/ready")
            time.sleep(numbers.expovariate(rate))
        ended = time.monotonic()
        for thread in threads:
            thread.join(timeout=60)
        code = server.process.wait(timeout=60)
    outcomes = [outcome for outcome, _ in ledger]
    check(told[0] == 503 and b'"code":"draining"' in told[1], f"ready after SIGTERM: {told}")
    check(code == 0, f"exit code {code}")
    check(grace <= ended - stopped < grace + 25, f"it took {ended - stopped:.1f} s to stop, with {grace} s of grace")
    late = sum(outcome == "answered" and when - stopped > grace / 2 for outcome, when in ledger)
    check(late > 0, "nothing was served in the second half of the grace")
    bad = [outcome for outcome in outcomes if outcome not in ("answered", "refused")]
    check(not bad, f"{len(bad)} of {len(outcomes)} were accepted and not answered: {bad[:3]}")
    print(f"SIGTERM with {grace} s of grace: {outcomes.count('answered')} answered, {outcomes.count('refused')} refused"
          f" at the closed door, 0 lost, exit 0 after {ended - stopped:.1f} s")


def second(model, items, first, second_signal):
    """A second signal ends the process at once, whatever is under way; what else comes meanwhile does nothing."""
    with Server(model, "--grace-seconds", "60", "--no-cache") as server:
        # No two alike, or they would be computed once.
        many = [{**item, "prompt": f"{n}: {item['prompt']}"} for n in range(12) for item in items]
        body = json.dumps({"rollouts": many}).encode()
        busy = server.connect()
        busy.request("POST", "/v1/rewards", body, {"Content-Type": "application/json"})
        while not metric(server, "linchpin_running_rollouts"):
            time.sleep(0.01)
        server.process.send_signal(first)
        time.sleep(0.3)
        for harmless in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            server.process.send_signal(harmless)
        time.sleep(0.3)
        check(server.process.poll() is None, f"{first.name} and then SIGHUP, SIGUSR1 or SIGUSR2 ended it")
        start = time.monotonic()
        server.process.send_signal(second_signal)
        code, took = server.process.wait(timeout=60), time.monotonic() - start
    expected = 128 + second_signal
    check(code == expected, f"{first.name}, {second_signal.name}: exit code {code}, not {expected}")
    check(took < 2, f"{first.name}, {second_signal.name}: it took {took:.1f} s")
    return took


def interrupt(model):
    """Somebody at a terminal does not wait for the grace."""
    with Server(model, "--grace-seconds", "60") as server:
        start = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        code, took = server.process.wait(timeout=60), time.monotonic() - start
    check(code == 0 and took < 5, f"SIGINT: exit code {code} after {took:.1f} s")


def main():
    options = arguments(__doc__)
    times = 5 if options.short else 20
    model, items = fixture("qwen-prm"), rollouts(200)
    ledgers = [once(model, items, options.seed + n, 32) for n in range(times)]
    print(f"SIGTERM under load, {times} times: {sum(l['answered'] for l in ledgers)} answered, 0 lost, exit 0"
          f" ({sum(len(l['unaccepted']) for l in ledgers)} kept connections closed idle before the request was taken)")
    in_grace(model, items, options.seed, *((2, 50) if options.short else (5, 100)))
    interrupt(model)
    with tempfile.TemporaryDirectory() as folder:
        slow = middle(folder + "/middle", options.seed, layers=8)
        pairs = [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)]
        slowest = max(second(slow, items, *pair) for pair in pairs)
    print(f"a second signal ends it within {slowest:.2f} s, 143 after SIGTERM, 130 after SIGINT")


main()
