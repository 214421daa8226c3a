"""Times the peers that PyPI offers on one workload: each in a process of its own, passes interleaved."""

import argparse
import json
import sys

import peer
import workloads
from process import Failed, Peer
from tables import print_table, summary


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--shape", choices=workloads.SHAPES, default="qwen2.5-1.5b")
    parser.add_argument("--precision", choices=workloads.PRECISIONS, default="int8")
    parser.add_argument("--workload", choices=workloads.WORKLOADS, default="1x512")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only this one; may be given again")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    options = parser.parse_args()
    offered = peer.names(options.precision)
    for name in options.peer or []:
        if name not in offered:
            parser.error(f"no peer {name} at {options.precision}; there are {', '.join(offered)}")
    options.peer = options.peer or offered
    return options


def started(options):
    """The peers that run, loaded one after another, and in words why others do not."""
    running, failures = [], {}
    for name in options.peer:
        print(f"loading {name}", file=sys.stderr, flush=True)
        try:
            running.append(Peer(name, options.shape, options.precision, options.workload, options.threads))
        except Failed as failure:
            failures[name] = str(failure)
    return running, failures


def main():
    options = arguments(__doc__)
    running, failures = started(options)
    for _ in range(options.rounds):
        for one in running:
            one.one_pass()
    rows = [summary(one.finish()) for one in running]
    if options.json:
        print(json.dumps({
            "shape": options.shape, "precision": options.precision, "workload": options.workload,
            "rounds": options.rounds, "peers": rows, "failures": failures,
        }))
    else:
        print_table(f"{options.shape} {options.precision} {options.workload}", rows, failures)


if __name__ == "__main__":
    main()
