"""Every reward has the same bits alone, in a file, and among 64 clients in shuffled order (promise P2)."""

import json
import pathlib
import random
import subprocess
import tempfile
import threading
import time

from server import BINARY, Server, arguments, check, fixture, rollouts


def rewards(answer):
    return [step["reward"] for step in answer["steps"]]


def alone(model, items):
    """Each rollout in a request of its own, one after another, on one thread."""
    with Server(model, "--threads", "1") as server:
        connection = server.connect()
        answers = []
        for item in items:
            status, answer = server.post("/v1/rewards", {"rollouts": [item]}, connection)
            check(status == 200, f"{item['id']}: status {status}")
            answers.append(rewards(answer["data"][0]))
        return answers


def by_file(model, items):
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "in.jsonl"), pathlib.Path(folder, "out.jsonl")
        source.write_text("".join(json.dumps(item) + "\n" for item in items))
        subprocess.run(
            [str(BINARY), "score", "--model", model, str(source), "--output", str(target)],
            check=True, capture_output=True,
        )
        answers = [json.loads(line) for line in target.read_text().splitlines()]
    check([a["id"] for a in answers] == [i["id"] for i in items], "score keeps the order")
    check(all(a["correct"] == i["correct"] for a, i in zip(answers, items) if "correct" in i), "score carries keys")
    return [rewards(answer) for answer in answers]


def by_clients(model, items, clients, seed):
    """64 connections take the rollouts in shuffled order, one to five a request."""
    order = list(range(len(items)))
    generator = random.Random(seed)
    generator.shuffle(order)
    found, lock = {}, threading.Lock()
    with Server(model) as server:

        def work():
            connection = server.connect()
            while True:
                with lock:
                    if not order:
                        return
                    taken = [order.pop() for _ in range(min(len(order), generator.randint(1, 5)))]
                status, answer = server.post("/v1/rewards", {"rollouts": [items[i] for i in taken]}, connection)
                check(status == 200, f"status {status}")
                with lock:
                    found.update({i: rewards(a) for i, a in zip(taken, answer["data"], strict=True)})

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    check(len(found) == len(items), f"{len(items) - len(found)} rollouts were not answered")
    return [found[i] for i in range(len(items))]


def main():
    options = arguments(__doc__)
    items = rollouts(800 if options.short else None)
    model = fixture("qwen-prm")
    started = time.monotonic()
    expected = alone(model, items)
    check(all(len(e) == len(i["steps"]) for e, i in zip(expected, items)), "one reward a step")
    check(by_file(model, items) == expected, "linchpin score gives the bits of each rollout alone")
    check(by_clients(model, items, 64, options.seed) == expected, "64 clients get the bits of each rollout alone")
    count = sum(map(len, expected))
    print(f"{len(items)} rollouts, {count} rewards: alone, by file and by 64 clients bit-equal"
          f" ({time.monotonic() - started:.1f} s)")


main()
