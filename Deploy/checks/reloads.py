"""Two models in turn under load: no request fails, every answer is that of the model it names; a bad one changes nothing."""

import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time

from models import GOLDEN, middle, read, saturated, write
from server import Server, arguments, check, fixture, rollouts

CLIENTS = 6
# What allocators and the kernel's page size may leave behind, far below a model of the memory part.
SPARE_BYTES = 8 << 20


class Model:
    """A folder, its revision, and what it answers."""

    def __init__(self, folder, items):
        self.folder = folder
        with Server(folder) as server:
            self.revision = json.loads(server.get("/info")[1])["model_revision"]
            self.rewards = [rewards(server.post("/v1/rewards", {"rollouts": [item]})[1])[0] for item in items]
            self.trained = [server.post(TRAINER, trainers(item))[1]["step_rewards"] for item in items]


TRAINER = "/rm?format=object"
ADMIN_KEY = "reloads-admin-key"


def keys(place):
    """The flags that give a server its admin key."""
    file = place / "admin-keys"
    file.write_text(ADMIN_KEY + "\n")
    return "--admin-key-file", str(file)


def trainers(item):
    """The same as slime sends it: the steps are found in the text."""
    return {"prompt": item["prompt"], "response": "\n\n".join(item["steps"])}


def rewards(answer):
    return [[step["reward"] for step in item["steps"]] for item in answer["data"]]


def pair(place, items):
    """Two models that judge the same rollouts, and differently."""
    first, second = fixture("qwen-prm"), fixture("trl-prm")
    if first == second:
        second = saturated(place / "saturated")
    models = [Model(folder, items) for folder in (first, second)]
    check(models[0].revision != models[1].revision, "two models have one revision")
    differing = sum(one != other for one, other in zip(models[0].rewards, models[1].rewards))
    check(differing > len(items) // 2, "the models hardly differ, so equal answers show nothing")
    return models


def bad_folders(place):
    """What must not be served, with a word that the refusal must have."""
    def copy(name):
        return pathlib.Path(shutil.copytree(GOLDEN, place / name))

    table, data = read(GOLDEN / "model.safetensors")
    cut = copy("cut")
    (cut / "model.safetensors").write_bytes((GOLDEN / "model.safetensors").read_bytes()[:-1])
    turned = copy("turned")
    head = next(name for name, entry in table.items() if len(entry.get("shape", [])) == 2 and "score" in name)
    other = {name: dict(entry) for name, entry in table.items()}
    other[head]["shape"] = other[head]["shape"][::-1] if len(set(other[head]["shape"])) == 2 else [1, 1]
    write(turned / "model.safetensors", other, data)
    nan = copy("nan")
    spoiled = bytearray(data)
    spoiled[-2:] = b"\xc0\x7f"
    write(nan / "model.safetensors", table, spoiled)
    return [(cut, "model.safetensors"), (turned, "score"), (nan, "not finite"), (place / "missing", "not a folder")]


def point(link, folder):
    """Moves the link in one step, as an operator should."""
    new = link.with_name("new")
    new.symlink_to(folder)
    os.replace(new, link)


class Clients:
    """Callers that never rest, each on a connection that it keeps; every answer is compared."""

    def __init__(self, server, models, items, seed):
        self.stopping = threading.Event()
        self.counts = {model.revision: 0 for model in models}
        self.failures = []
        self._known = {model.revision: model for model in models}
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(server, items, random.Random(seed * 1000 + n)))
            for n in range(CLIENTS)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, server, items, numbers):
        connection = server.connect()
        while not self.stopping.is_set() and len(self.failures) < 10:
            chosen = [numbers.randrange(len(items)) for _ in range(numbers.choice((1, 1, 3)))]
            try:
                trouble, revision = self._one(connection, [items[n] for n in chosen], chosen, numbers.random() < 0.3)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                trouble, revision = repr(error), None
            with self._lock:
                if trouble:
                    self.failures.append(trouble)
                else:
                    self.counts[revision] += 1

    def _one(self, connection, sent, chosen, is_trainer):
        """What is wrong with one answer, and the model that it names."""
        path, body = (TRAINER, trainers(sent[0])) if is_trainer else ("/v1/rewards", {"rollouts": sent})
        connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer, revision = json.loads(response.read()), response.getheader("X-Model-Revision")
        if response.status != 200 or revision not in self._known:
            return f"{path}: {response.status} {revision} {answer}", None
        model = self._known[revision]
        if is_trainer:
            is_right = answer["step_rewards"] == model.trained[chosen[0]]
        else:
            is_right = rewards(answer) == [model.rewards[n] for n in chosen] and answer["model_revision"] == revision
        return None if is_right else f"{path}: not the answer of {revision}", revision


def served(server):
    return json.loads(server.get("/info")[1])["model_revision"]


def admin(server):
    """The answer to POST /admin/reload, once no other reload holds it up."""
    end = time.monotonic() + 60
    while True:
        status, answer = server.post("/admin/reload", {}, headers={"Authorization": f"Bearer {ADMIN_KEY}"})
        if status != 409 or time.monotonic() > end:
            return status, answer
        time.sleep(0.02)


def until(condition, sentence):
    end = time.monotonic() + 60
    while not condition():
        check(time.monotonic() < end, sentence)
        time.sleep(0.02)


def failures(server):
    """How many reloads have failed."""
    lines = server.get("/metrics")[1].decode().splitlines()
    found = [line.split()[-1] for line in lines if line.startswith('linchpin_model_reloads_total{outcome="failed"}')]
    return int(float(found[0])) if found else 0


def exchange(server, link, model, number):
    """A reload by either way, until the other model is served."""
    point(link, model.folder)
    if number % 2:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: served(server) == model.revision, "SIGHUP did not bring the other model")
    else:
        status, answer = admin(server)
        check(status == 200 and answer["outcome"] == "replaced", f"reload {number}: {status} {answer}")
        check(answer["model_revision"] == model.revision == served(server), f"reload {number}: {answer}")


def refuse(server, link, folder, word, number):
    """A bad model leaves all as it was, whoever asks."""
    before, failed = served(server), failures(server)
    point(link, folder)
    if number % 2:
        server.process.send_signal(signal.SIGHUP)
        until(lambda: failures(server) > failed, "a bad model's SIGHUP is not counted")
    else:
        status, answer = admin(server)
        check(status == 422 and answer["error"]["code"] == "model_refused", f"{folder.name}: {status} {answer}")
        check(word in answer["error"]["message"], f"{folder.name}: {answer['error']['message']}")
    check(served(server) == before, f"{folder.name}: another model is served")
    check(server.get("/health/ready")[0] == 200, f"{folder.name}: not ready")


def under_load(place, items, times, seed):
    models, bad = pair(place, items), bad_folders(place)
    link = place / "current"
    link.symlink_to(models[0].folder)
    with Server(str(link), *keys(place)) as server, Clients(server, models, items, seed) as clients:
        for number in range(1, times + 1):
            exchange(server, link, models[number % 2], number)
            if number % 3 == 0:
                refuse(server, link, *bad[number // 3 % len(bad)], number // 3)
            # Some answers by each, whatever the machine is doing besides.
            had = clients.counts[models[number % 2].revision]
            until(lambda: clients.counts[models[number % 2].revision] >= had + 5 or clients.failures,
                  "nobody is answered by the new model")
    check(not clients.failures, f"{len(clients.failures)} failed: {clients.failures[:3]}")
    print(f"{times} reloads under load, {times // 3} bad models among them: {sum(clients.counts.values())} answers,"
          f" {' and '.join(map(str, clients.counts.values()))} of each model, 0 wrong, 0 failed")


def settled(server):
    """The least of its memory within two seconds."""
    least = server.resident_bytes()
    for _ in range(20):
        time.sleep(0.1)
        least = min(least, server.resident_bytes())
    return least


def memory(place, items, times, seed):
    """Models large enough to be seen: after the reloads there is one in memory, not two."""
    folders = [middle(place / f"middle-{n}", seed + n, layers=12) for n in range(2)]
    size = os.path.getsize(folders[0] + "/model.safetensors")
    link = place / "large"
    link.symlink_to(folders[0])
    with Server(str(link), "--no-cache", *keys(place)) as server:
        sizes = []
        for number in range(1, times + 1):
            check(server.post("/v1/rewards", {"rollouts": items[:2]})[0] == 200, "no answer")
            point(link, folders[number % 2])
            status, answer = admin(server)
            check(status == 200 and answer["outcome"] == "replaced", f"{status} {answer}")
            check(server.post("/v1/rewards", {"rollouts": items[:2]})[0] == 200, "no answer")
            # The old one goes with the last call that it answers; the heap is looked at once a second.
            sizes.append(settled(server))
    told = f"{sizes[1] >> 20} MiB after 2, {sizes[-1] >> 20} MiB after {times} (weights {size >> 20} MiB)"
    check(sizes[-1] - sizes[1] < min(SPARE_BYTES, size // 2), f"memory grows: {told}")
    print(f"{times} reloads of a larger model: {told}")


def main():
    options = arguments(__doc__)
    items = rollouts(40)
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        under_load(place, items, 6 if options.short else 50, options.seed)
        memory(place, items, 6 if options.short else 20, options.seed)


main()
