"""Replicas die and are replaced behind HAProxy: no request fails at the client, and every reward has its bits."""

import collections
import http.client
import json
import random
import signal
import threading
import time

from fleets import Fleet, status
from server import Server, arguments, check, fixture, rollouts

REPLICAS, CLIENTS = 3, 12
# Of the fleet's peak, while replicas are replaced.
SHARE = 0.8


def kept(answer):
    """What must not differ: everything but how much of it was computed before."""
    return json.dumps([{**item, "cached_tokens": None} for item in answer["data"]])


def truth(model, batches):
    """The answers of one server that nobody disturbs."""
    with Server(model) as server:
        answers = [server.post("/v1/rewards", {"rollouts": batch}) for batch in batches]
    check(all(code == 200 for code, _ in answers), "the rollouts can be scored")
    return [kept(answer) for _, answer in answers]


class Arrivals:
    """Requests that come when they come, `rate` a second, whatever becomes of those before them."""

    def __init__(self, rate, seed):
        self._rate, self._generator, self._lock = rate, random.Random(seed), threading.Lock()
        self._next = time.monotonic()

    def wait(self):
        with self._lock:
            self._next += self._generator.expovariate(self._rate)
            moment = self._next
        time.sleep(max(0, moment - time.monotonic()))


def load(port, bodies, wanted, ending, ledger, generator, arrivals):
    """Requests, each sent once: a client that never tries again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=150)
    while not ending.is_set():
        if arrivals:
            arrivals.wait()
        place, began = generator.randrange(len(bodies)), time.monotonic()
        try:
            connection.request("POST", "/v1/rewards", bodies[place], {"Content-Type": "application/json"})
            response = connection.getresponse()
            code, answer = response.status, response.read()
            if code != 200:
                ledger["failed"].append((code, answer[:200]))
            elif kept(json.loads(answer)) != wanted[place]:
                ledger["wrong"].append(place)
            else:
                ledger["right"].append(time.monotonic() - began)
        except (OSError, http.client.HTTPException, ValueError) as error:
            ledger["failed"].append((0, repr(error)))
            connection.close()
        if generator.random() < 0.1:
            connection.close()


def under_load(fleet, bodies, wanted, seed, disturb, rate=None):
    """How long each request took while `disturb` ran; without a rate one after the other, as they are answered."""
    ledger, ending = collections.defaultdict(list), threading.Event()
    # Enough that an arrival meets one who is free, even if a replica is away.
    clients, arrivals = (4 * CLIENTS, Arrivals(rate, seed)) if rate else (CLIENTS, None)
    threads = [
        threading.Thread(
            target=load,
            args=(fleet.port, bodies, wanted, ending, ledger, random.Random(seed * 1000 + n), arrivals))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        disturb()
    finally:
        ending.set()
        for thread in threads:
            thread.join(timeout=180)
    check(not any(thread.is_alive() for thread in threads), "a client hangs")
    check(not ledger["failed"], f"{len(ledger['failed'])} of {sum(map(len, ledger.values()))} failed:"
                                f" {collections.Counter(ledger['failed']).most_common(3)}; {fleet.folder} has the logs")
    check(not ledger["wrong"], f"{len(ledger['wrong'])} wrong answers")
    return ledger["right"]


def figures(times):
    return f"{len(times)} requests, 0 failed, every reward bit-right, the slowest after {max(times):.1f} s"


def killings(fleet, bodies, wanted, seed, seconds, pause=2.0):
    """kill -9, every two seconds, whatever the replica is doing."""
    generator, kills, alive = random.Random(seed), 0, 0
    retries, waited = fleet.counted("retry_warnings_total"), fleet.waited

    def disturb():
        nonlocal kills, alive
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            # Not in step with anything.
            time.sleep(pause * generator.uniform(0.9, 1.1))
            replica = generator.choice(fleet.replicas)
            alive += replica.is_listening
            replica.signal(signal.SIGKILL)
            kills += 1

    times = under_load(fleet, bodies, wanted, seed, disturb)
    retries = fleet.counted("retry_warnings_total") - retries
    check(retries > 0, "no kill met a request: this showed nothing")
    print(f"kill -9 every {pause:.0f} s for {seconds} s: {kills} kills, {alive} of a replica that was back again;"
          f" {figures(times)}; HAProxy sent {retries} again, {fleet.waited - waited} waited for a replica")


def blackouts(fleet, bodies, wanted, seed, times):
    """kill -9 of all replicas in the same moment: what is under way and what comes waits for the first to be back."""
    waited, done = fleet.waited, 0

    def disturb():
        nonlocal done
        # The first may be back before HAProxy has missed them all, and then nobody waits: it is done again.
        while done < times or (fleet.waited == waited and done < times + 9):
            done += 1
            fleet.wait_whole()
            time.sleep(0.5)
            for replica in fleet.replicas:
                replica.signal(signal.SIGKILL)
            fleet.wait(lambda: not any(replica.is_listening for replica in fleet.replicas))

    found = under_load(fleet, bodies, wanted, seed, disturb)
    check(fleet.waited > waited, "no request came while no replica was up: this showed nothing")
    print(f"all {REPLICAS} replicas killed at once, {done} times: {figures(found)};"
          f" {fleet.waited - waited} waited for a replica")


def peak(fleet, bodies, wanted, seed, seconds):
    """Requests a second that the fleet answers, asked as fast as it does."""
    fleet.wait_whole()
    began = time.monotonic()
    times = under_load(fleet, bodies, wanted, seed, lambda: time.sleep(seconds))
    return len(times) / (time.monotonic() - began)


def replacements(fleet, bodies, wanted, seed, times):
    """SIGTERM, one replica after the other; the next when the last is back, as in a rollout of a new version."""
    most = peak(fleet, bodies, wanted, seed, seconds=2 if times < 10 else 10)

    def disturb():
        for number in range(times):
            # A process that has not come to listen yet knows no SIGTERM but death.
            fleet.wait_whole()
            replica = fleet.replicas[number % REPLICAS]
            ended = len(replica.codes)
            replica.signal(signal.SIGTERM)
            fleet.wait(lambda: len(replica.codes) > ended)
            check(replica.codes[-1] == 0, f"exit code {replica.codes[-1]} after SIGTERM")

    began = time.monotonic()
    found = under_load(fleet, bodies, wanted, seed + 1, disturb, rate=SHARE * most)
    print(f"{times} rolling SIGTERMs at {len(found) / (time.monotonic() - began):.0f} requests/s, peak {most:.0f}:"
          f" {figures(found)}, exit 0 each time")


def grouping(fleet, seed, count):
    """Rollouts of one prompt, each in a request of its own, meet what the first of them left in the cache."""
    generator = random.Random(seed)
    fleet.wait_whole()
    known = len(fleet.requests())
    # With what json_query of HAProxy stumbles over.
    prompts = [f"Question {seed}-{number}: why is {number} ≤ \\underline{{{number + 1}}}?" for number in range(count)]
    requests = [(prompt, step) for prompt in prompts for step in range(4)]
    generator.shuffle(requests)
    cached, connection = collections.defaultdict(list), http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=150)
    for prompt, step in requests:
        body = {"rollouts": [{"steps": [f"Try {step} of it."], "prompt": prompt}]}
        name = prompt.partition(":")[0]
        # Half of the prompts are named by their caller, half are found in the body.
        group = {"X-Group": name} if prompts.index(prompt) % 2 else {}
        connection.request("POST", "/v1/rewards", json.dumps(body), {"X-Request-Id": name, **group})
        answer = json.loads(connection.getresponse().read())
        cached[name].append(answer["data"][0]["cached_tokens"])
    connection.close()
    fleet.wait(lambda: len(fleet.requests()) >= known + len(requests))
    places = collections.defaultdict(set)
    for line in fleet.requests()[known:]:
        places[line["request_id"]].add(line["replica"])
    check(len(places) == len(prompts), "every request is in HAProxy's log")
    astray = [prompt for prompt, replicas in places.items() if len(replicas) > 1]
    check(not astray, f"{len(astray)} prompts went to more than one replica")
    check(len(set().union(*places.values())) == REPLICAS, "every replica has prompts of its own")
    # All share the head of the template; those of one prompt share the prompt too.
    cold = [name for name, counts in cached.items() if min(counts[1:]) <= counts[0]]
    check(not cold, f"the rollouts of {len(cold)} prompts met no warm cache")
    print(f"{len(prompts)} prompts, 4 requests each: one replica a prompt, each but the first on a warm cache")


def caught(fleet, bodies, wanted, times):
    """A replica that dies with a request in its hands, each time surely: it is stopped, asked, and killed."""
    before = fleet.counted("retry_warnings_total")
    headers = {"Content-Type": "application/json", "X-Group": "caught"}

    def ask(name):
        connection.request("POST", "/v1/rewards", bodies[number], {**headers, "X-Request-Id": name})

    for number in range(times):
        fleet.wait_whole()
        connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=150)
        ask(f"before {number}")
        connection.getresponse().read()
        name = fleet.answered_by(f"before {number}")
        holder = next(one for one in fleet.replicas if one.name == name)
        holder.signal(signal.SIGSTOP)
        ask(f"caught {number}")
        time.sleep(0.2)
        holder.signal(signal.SIGKILL)
        response = connection.getresponse()
        code, answer = response.status, response.read()
        check(code == 200 and kept(json.loads(answer)) == wanted[number], f"{code} from the replica after {name}")
        check(fleet.answered_by(f"caught {number}") != name, "another replica answered")
        connection.close()
    check(fleet.counted("retry_warnings_total") - before >= times, "HAProxy sent each of them again")
    print(f"{times} replicas killed with a request in their hands: each answered by another, with the same bits")


def stopping(fleet, bodies, wanted, seed):
    """SIGUSR1 to HAProxy: not ready at once, still answering, gone with exit 0."""

    def disturb():
        fleet.proxy.send_signal(signal.SIGUSR1)
        fleet.wait(lambda: status(f"http://127.0.0.1:{fleet.port}/health/ready") == 503, seconds=2)
        time.sleep(2)

    answered = len(under_load(fleet, bodies, wanted, seed, disturb))
    check(fleet.proxy.wait(timeout=30) == 0, f"exit code {fleet.proxy.returncode} of HAProxy")
    print(f"HAProxy drains: not ready at once, {answered} more requests answered, exit 0")


def reloading(items, seed, times):
    """HAProxy reads its files anew, as it does for a new list of replicas: no connection is lost between old and new."""
    generator = random.Random(seed)
    batches = [generator.sample(items, generator.randint(1, 8)) for _ in range(20)]
    wanted, bodies = truth(None, batches), [json.dumps({"rollouts": batch}).encode() for batch in batches]
    with Fleet(None, 2, is_service=True) as fleet:

        def disturb():
            for number in range(times):
                time.sleep(0.5)
                fleet.proxy.send_signal(signal.SIGUSR2)
                fleet.wait(lambda: fleet.reloads > number)

        found = under_load(fleet, bodies, wanted, seed, disturb)
        fleet.proxy.send_signal(signal.SIGUSR1)
        check(fleet.proxy.wait(timeout=60) == 0, f"exit code {fleet.proxy.returncode} of HAProxy")
    print(f"HAProxy reloaded {times} times: {figures(found)}")


def main():
    options = arguments(__doc__)
    model, items, generator = fixture("qwen-prm"), rollouts(200), random.Random(options.seed)
    # Long enough that a kill finds many of them under way, small enough to be answered in one write.
    batches = [generator.sample(items, generator.randint(1, 8)) for _ in range(60)]
    wanted = truth(model, batches)
    bodies = [json.dumps({"rollouts": batch}).encode() for batch in batches]
    short, seed = options.short, options.seed
    print(f"seed {seed}")
    with Fleet(model, REPLICAS) as fleet:
        grouping(fleet, seed, count=12 if short else 48)
        caught(fleet, bodies, wanted, times=2 if short else 30)
        killings(fleet, bodies, wanted, seed, seconds=14 if short else 180)
        blackouts(fleet, bodies, wanted, seed + 1, times=1 if short else 10)
        replacements(fleet, bodies, wanted, seed + 2, times=2 if short else 100)
        stopping(fleet, bodies, wanted, seed + 4)
    reloading(items, seed + 5, times=4 if short else 40)


main()
