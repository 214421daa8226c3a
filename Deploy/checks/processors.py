"""As many compute threads as there are processors that the process may use: affinity and the control group's quota."""

import json
import os
import shutil
import subprocess

from server import BINARY, arguments, check

COMMAND = [str(BINARY), "bench", "kernels", "--shape", "qwen2.5-0.5b", "--rows", "8", "--rounds", "1", "--json"]
# A control group of version 2 as a container sees its own, laid over this machine's in a mount namespace.
IN_GROUP = 'mount -t tmpfs none /sys/fs/cgroup && echo "$1" > /sys/fs/cgroup/cpu.max && shift && exec "$@"'


def threads(*before):
    """How many a process takes that is started with these words before its own."""
    run = subprocess.run([*before, *COMMAND], capture_output=True, text=True)
    check(run.returncode == 0, f"{' '.join(before)}: {run.returncode} {run.stderr[-300:]}")
    return json.loads(run.stdout)["kernels"][0]["threads"]


def main():
    arguments(__doc__)
    processors = sorted(os.sched_getaffinity(0))
    all_of_them = len(processors)
    found = {"all": (threads(), all_of_them), "one by taskset": (threads("taskset", "-c", str(processors[0])), 1)}
    if os.geteuid() == 0 and shutil.which("unshare") and os.path.isdir("/sys/fs/cgroup"):
        # (microseconds of each 100,000, processors)
        for share, expected in (("max", all_of_them), ("50000", 1), ("100000", 1), ("100001", min(2, all_of_them))):
            words = ("unshare", "-m", "sh", "-ec", IN_GROUP, "sh", f"{share} 100000")
            found[f"a quota of {share}"] = (threads(*words), expected)
    else:
        print("SKIPPED quotas: needs root, unshare and /sys/fs/cgroup")
    for name, (count, expected) in found.items():
        check(count == expected, f"{name}: {count} threads, not {expected}")
    print(", ".join(f"{name}: {count}" for name, (count, _) in found.items()))


if __name__ == "__main__":
    main()
