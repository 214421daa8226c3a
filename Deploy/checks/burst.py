"""Thousands of single-rollout requests at once, each on a fresh connection, beside one batch of the same rollouts."""

import os
import random
import statistics
import tempfile

import dialects
from clients import Burst, ask, request
from dialects import Item, native
from models import GOLDEN, middle
from server import Server, arguments, check

# A trainer's timeout, less the way to us: slime gives up at 120 s, and those count from before the connection.
SLOWEST_SECONDS = 110.0
LEAST_RATIO = 0.9
GROUP = 8
# So many that the kernel has 20 to 60 seconds of work on two cores, and what a request costs besides is little of it.
LAYERS = 8
ROUTES = [dialects.ROUTES["/get_reward"], dialects.ROUTES["/"]]


def groups(count, seed):
    """Rollouts as a step of GRPO has them: eight answers to each question, of 100 to 200 tokens, no two alike."""
    numbers = random.Random(seed)
    made = []
    for index in range(count):
        if index % GROUP == 0:
            question = f"Box {index} holds {numbers.randrange(999)} pens and {numbers.randrange(999)} more. How many?"
        sums = [(numbers.randrange(999), numbers.randrange(999)) for _ in range(numbers.randint(2, 6))]
        made.append(Item(question, [f"{a} + {b} is {a + b}" for a, b in sums] + [f"It is {numbers.randrange(99)}."]))
    # They finish in any order.
    numbers.shuffle(made)
    return made


class Run:
    """Seconds from the first connect to the last answer, and every reward."""

    def __init__(self, server, name, work):
        before = processor_seconds(server)
        self.seconds, slowest, self.rewards = work()
        check(slowest < SLOWEST_SECONDS, f"{name}: the slowest waited {slowest:.1f} s")
        print(
            f"{name}: {len(self.rewards) / self.seconds:.0f} rollouts/s, the slowest caller waited {slowest:.1f} s,"
            f" {processor_seconds(server) - before:.1f} s of its processors", flush=True,
        )


def processor_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def batch(server, items):
    answer = ask(server, "/v1/rewards", native(items))
    check(answer.status == 200, f"the batch: {answer.status} {answer.body[:200]}")
    return answer.seconds, answer.seconds, [entry["reward"] for entry in answer.value["data"]]


def burst(server, dialect, items):
    run = Burst(server, [request(dialect.path, dialect.body([item])) for item in items])
    check(not run.failures, f"{dialect.path}: {len(run.failures)} failed, {run.failures[:3]}")
    wrong = [answer for answer in run.answers if answer.status != 200]
    check(not wrong, f"{dialect.path}: {len(wrong)} refused, {[answer.body[:200] for answer in wrong[:1]]}")
    slowest = max(answer.seconds for answer in run.answers)
    return run.seconds, slowest, [dialect.numbers(answer.value)[0] for answer in run.answers]


def compare(server, items, rounds):
    """In turn, so that what else the machine does falls on all of them; the median of each burst beside its batch."""
    ratios = {dialect.path: [] for dialect in ROUTES}
    for number in range(rounds):
        whole = Run(server, "one batch", lambda: batch(server, items))
        check(len(set(whole.rewards)) > len(items) // 2, "the rewards hardly differ, so equal ones show nothing")
        for dialect in ROUTES[:: -1 if number % 2 else 1]:
            single = Run(server, dialect.path, lambda: burst(server, dialect, items))
            unequal = sum(one != other for one, other in zip(single.rewards, whole.rewards, strict=True))
            check(not unequal, f"{dialect.path}: {unequal} rewards are not those of the batch")
            ratios[dialect.path].append(whole.seconds / single.seconds)
    return {path: statistics.median(found) for path, found in ratios.items()}


def main():
    options = arguments(__doc__)
    count, rounds = (512, 1) if options.short else (4096, 5)
    items = groups(count, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        model = str(GOLDEN) if options.short else middle(folder + "/middle", options.seed, LAYERS)
        # The same texts again and again: nothing may be kept of them.
        with Server(model, "--no-cache") as server:
            ratios = compare(server, items, rounds)
    told = ", ".join(f"{path} {ratio:.3f}" for path, ratio in ratios.items())
    print(f"{count} fresh connections at once: none failed, rewards equal; throughput beside one batch: {told}")
    # A golden's forward is so short that this client would be what is measured.
    if not options.short:
        check(min(ratios.values()) >= LEAST_RATIO, f"less than {LEAST_RATIO} of one batch")


if __name__ == "__main__":
    main()
