"""One peer in a process of its own: loads, picks its faster way to batch, then times one pass for each line it reads.

Every line that it writes is a JSON object: first what was loaded, then the seconds of each pass, last the memory.
"""

import argparse
import gc
import importlib
import json
import os
import re
import sys
import time

import workloads

PEERS = {
    ("torch-eager", "float32"): ("torch_peers", "eager_float32"),
    ("torch-eager", "int8"): ("torch_peers", "eager_int8"),
    ("torch-compile", "float32"): ("torch_peers", "compiled_float32"),
    ("torch-compile", "int8"): ("torch_peers", "compiled_int8"),
    ("openvino", "float32"): ("openvino_peers", "float32"),
    ("openvino", "int8"): ("openvino_peers", "int8"),
    ("openvino-static", "int8"): ("openvino_peers", "static_int8"),
}


def names(precision):
    return [name for name, offered in PEERS if offered == precision]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=workloads.SHAPES, required=True)
    parser.add_argument("--precision", choices=workloads.PRECISIONS, required=True)
    parser.add_argument("--workload", choices=workloads.WORKLOADS, required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    # The libraries chat on stdout; what is ours goes where they do not know of.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)

    import torch

    torch.set_num_threads(options.threads)
    # Not torch.inference_mode for the whole process: compiling and tracing do not work on its tensors.
    with torch.no_grad():
        one_pass, loaded = load(options)
        answer(answers, loaded)
        forget_peak()
        for _ in sys.stdin:
            answer(answers, {"seconds": one_pass()})
    answer(answers, {"scoring_peak_bytes": peak()})


def load(options):
    """The function that times one pass of the workload, and what is known once it is there."""
    import torch

    from model import RewardModel, tensors

    module, function = PEERS[options.peer, options.precision]
    prepare = getattr(importlib.import_module(module), function)
    batches = [workloads.one_by_one(options.workload)]
    if workloads.together(options.workload) != batches[0]:
        batches.append(workloads.together(options.workload))
    model = RewardModel(options.shape).eval()
    first = tensors(batches[0][0])
    with torch.inference_mode():
        expected = model(*first)
    # Both ways are prepared for together, so that one copy of the weights serves them.
    run = prepare(model, [batch for way in batches for batch in way])
    del model
    gc.collect()

    def one_pass(inputs):
        with torch.inference_mode():
            started = time.perf_counter()
            for pair in inputs:
                run(*pair)
            return time.perf_counter() - started

    with torch.inference_mode():
        difference = (run(*first) - expected).abs().max().item()
    ways = [[tensors(batch) for batch in way] for way in batches]
    for way in ways:
        one_pass(way)
    taken = [one_pass(way) for way in ways]
    best = taken.index(min(taken))
    return lambda: one_pass(ways[best]), {
        "batches": ["one by one", "together"][best], "reward_difference": difference, "peak_bytes": peak(),
    }


def answer(stream, value):
    stream.write(json.dumps(value) + "\n")


def peak():
    """The most memory resident at once since the start, or since it was last forgotten."""
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


if __name__ == "__main__":
    main()
