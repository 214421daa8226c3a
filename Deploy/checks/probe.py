"""A good client in a process of its own, whose latencies are told apart by the time at which it asked."""

import http.client
import multiprocessing
import time

from sides import stay_with
from server import check

ITEM = {"prompt": "Start with 12. Add 7, then multiply by 2, then subtract 5.",
        "steps": ["12 + 7 = 19", "19 * 2 = 36", "36 - 5 = 31"]}
# Between two questions: an attack is to be felt, not the probe.
PAUSE_SECONDS = 0.004
# In a window of which a p99 is taken.
FEWEST = 50


def rewards(value):
    return [[step["reward"] for step in item["steps"]] for item in value["data"]]


def good(server):
    """The rewards of a normal request on a fresh connection."""
    status, answer = server.post("/v1/rewards", {"rollouts": [ITEM]})
    check(status == 200, f"a good request: {status} {answer}")
    return rewards(answer)


def asking(server, expected, ending, pipe, processors):
    """Asks on fresh connections until told to end; sends back (when, seconds) of each answer, and what failed."""
    if processors:
        stay_with(processors)
    samples, failures = [], []
    while not ending.is_set():
        begun = time.monotonic()
        try:
            if good(server) != expected:
                failures.append("other rewards")
        except (OSError, http.client.HTTPException, SystemExit) as error:
            failures.append(repr(error))
        samples.append((begun, time.monotonic() - begun))
        time.sleep(PAUSE_SECONDS)
    pipe.send((samples, failures))


class Probe:
    """`with Probe(server) as probe`: asks all the time; afterwards `probe.p99` tells of any stretch of time."""

    def __init__(self, server, processors=None):
        """`processors` are those that it asks from, where not all."""
        context = multiprocessing.get_context("fork")
        self._ending = context.Event()
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=asking, args=(server, good(server), self._ending, theirs, processors))
        self.samples, self.failures = [], []

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self.samples, self.failures = self._pipe.recv()
        self._process.join()

    def windows(self, stretches, seconds):
        """The p99 of each whole window of so many seconds within the stretches (begin, end)."""
        found = []
        for begin, end in stretches:
            while begin + seconds <= end:
                times = sorted(taken for when, taken in self.samples if begin <= when < begin + seconds)
                if len(times) >= FEWEST:
                    found.append(times[int(len(times) * 0.99)])
                begin += seconds
        return found
