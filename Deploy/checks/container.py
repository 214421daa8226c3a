"""The Dockerfile's run stage, step by step in a debootstrap root, where there is no Docker engine.

Needs root, debootstrap and the network. The build stage runs on this machine (its Swift stands in for the image's);
the run stage's RUN, ENV, USER, ENTRYPOINT, CMD, HEALTHCHECK and STOPSIGNAL are read from the Dockerfile and carried out.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from server import ROOT, arguments, check, fixture


def stages():
    """The Dockerfile as one list of (word, rest) a stage."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    found = []
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.strip().split(None, 1)
        if word == "FROM":
            found.append([])
        found[-1].append((word, re.sub(r"\s+", " ", rest)))
    return found


def one(stage, word):
    return next(rest for name, rest in stage if name == word)


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def build(stage, scratch):
    """The build stage's last RUN, with /out under `scratch`, in a build folder of its own."""
    command = [rest for word, rest in stage if word == "RUN"][-1]
    command = command.replace("/out/", f"{scratch}/out/").replace(".build/", ".build-container/")
    run("sh", "-ec", command.replace("swift build", "swift build --scratch-path .build-container"), cwd=ROOT)
    return pathlib.Path(scratch, "out/linchpin")


def prepare(stage, root, binary):
    """debootstrap stands for FROM debian:bookworm-slim; then RUN and COPY."""
    check(one(stage, "FROM") == "debian:bookworm-slim", "the run stage is Debian's slim image")
    run("debootstrap", "--variant=minbase", "bookworm", root, stdout=subprocess.DEVNULL)
    for word, rest in stage:
        if word == "RUN":
            run("chroot", root, "sh", "-ec", rest, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if word == "COPY":
            *_, source, target = rest.split()
            shutil.copy(binary if "--from=build" in rest else ROOT / source, f"{root}{target}")
    missing = subprocess.run(["chroot", root, "ldd", "/usr/local/bin/linchpin"], capture_output=True, text=True).stdout
    check("not found" not in missing, f"a shared library is missing: {missing}")


def command_in(root, user, environment, words):
    """A command in the root as the image's user, with the image's environment and nothing else."""
    return ["chroot", f"--userspec={user}", "--groups=", root, "env", "-i", *environment, *words]


def main():
    arguments(__doc__)
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        print("SKIPPED container: needs root and debootstrap (apt-get install debootstrap)")
        return
    build_stage, run_stage = stages()
    with tempfile.TemporaryDirectory(prefix="linchpin-root-") as scratch:
        root = f"{scratch}/root"
        prepare(run_stage, root, build(build_stage, scratch))
        model = pathlib.Path(root, "model")
        model.mkdir(exist_ok=True)
        for file in pathlib.Path(fixture("qwen-prm")).iterdir():
            shutil.copy(file.resolve(), model / file.name)
        # Swift reads a program's arguments from /proc, which every container has.
        run("mount", "-t", "proc", "proc", f"{root}/proc")
        try:
            use(run_stage, root)
        finally:
            run("umount", f"{root}/proc")


def use(stage, root):
    """Starts it as `docker run` would, asks it, checks its health, stops it."""
    port = 18_080
    variables = re.findall(r"(\w+)=(\S+)", one(stage, "ENV"))
    environment = [f"{key}={port if key == 'LINCHPIN_PORT' else value}" for key, value in variables]
    environment.append("LINCHPIN_MODEL=/model")  # as `docker run -e` adds it
    environment.append("PATH=/usr/local/bin:/usr/bin:/bin")
    words = json.loads(one(stage, "ENTRYPOINT")) + json.loads(one(stage, "CMD"))
    user = one(stage, "USER")
    server = subprocess.Popen(command_in(root, user, environment, words), stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        check(line.startswith("listening on http://0.0.0.0:"), f"it listens: {line}")
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        check(re.search(r"^Uid:\s+65532\s+65532", status, re.M), "it runs as uid 65532")
        check(re.search(r"^CapEff:\s+0+$", status, re.M), "it has no capability")
        health = re.search(r"CMD (\[.*\])", one(stage, "HEALTHCHECK"))
        probe = command_in(root, user, environment, json.loads(health[1]))
        check(subprocess.run(probe).returncode == 0, "the health check succeeds")
        body = json.dumps({"rollouts": [{"prompt": "What is 1+1?", "steps": ["1 + 1 = 2"]}]}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/rewards", body, {"Content-Type": "application/json"}
        )
        reward = json.load(urllib.request.urlopen(request, timeout=30))["data"][0]["reward"]
        check(abs(reward - 0.4550338387489319) < 1e-5, f"the reward is the fixture's: {reward}")
    finally:
        server.send_signal(getattr(signal, one(stage, "STOPSIGNAL")))
        code = server.wait(timeout=40)
    check(code == 0, f"the stop signal ends it with {code}")
    check(subprocess.run(probe, stderr=subprocess.DEVNULL).returncode != 0, "the health check fails once it is gone")
    print("the Dockerfile's run stage in a debootstrap root, as uid 65532: healthy, scores, stops with 0")


main()
