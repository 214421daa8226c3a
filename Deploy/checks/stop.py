"""SIGTERM under load: every request that was accepted is answered, and the exit code is 0 (promise P8)."""

import http.client
import json
import random
import signal
import socket
import threading
import time

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


def main():
    options = arguments(__doc__)
    times = 5 if options.short else 20
    model, items = fixture("qwen-prm"), rollouts(200)
    ledgers = [once(model, items, options.seed + n, 32) for n in range(times)]
    print(f"SIGTERM under load, {times} times: {sum(l['answered'] for l in ledgers)} answered, 0 lost, exit 0"
          f" ({sum(len(l['unaccepted']) for l in ledgers)} kept connections closed idle before the request was taken)")


main()
