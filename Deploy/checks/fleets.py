"""n replicas that come back when they die, behind the HAProxy of Deploy/haproxy."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from programs import Program
from server import BINARY, ROOT

CONFIGURATION = ROOT / "Deploy/haproxy/haproxy.cfg"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def status(url):
    """Of one GET; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Replica:
    """One `linchpin serve` on a port of its own; `mind` starts it again, as systemd or a kubelet would."""

    def __init__(self, name, model, log, host="127.0.0.1", port=None):
        self.name, self.host, self.port, self._log = name, host, port or free_port(), log
        self._command = [str(BINARY), "serve", *(["--model", model] if model else []), "--threads", "1"]
        self._command += ["--host", host, "--port", str(self.port)]
        self.codes = []
        self._start()

    def _start(self):
        # Long enough for HAProxy to see that it is not ready, which takes it a second and a bit.
        environment = {**os.environ, "LINCHPIN_GRACE_SECONDS": "2"}
        self.process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, env=environment)

    def signal(self, number):
        self.process.send_signal(number)

    def mind(self):
        code = self.process.poll()
        if code is not None:
            self.codes.append(code)
            self._start()

    @property
    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    @property
    def is_ready(self):
        return status(f"http://{self.host}:{self.port}/health/ready") == 200


class Fleet:
    """`with Fleet(model, 3) as fleet`: `fleet.port` is HAProxy's, and every replica is ready."""

    def __init__(self, model, count, is_service=False):
        """A service's HAProxy is as Debian's unit starts it, to be reloaded; else it is a container's, with a grace."""
        mode, grace = ("-W", "") if is_service else ("-db", "global\n    grace 3s\n")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="linchpin-fleet-"))
        self._log = (self.folder / "replicas.log").open("w")
        self.replicas = [Replica(f"replica{number + 1}", model, self._log) for number in range(count)]
        self.port, self.stats_port = free_port(), free_port()
        servers = "".join(f"    server {one.name} 127.0.0.1:{one.port}\n" for one in self.replicas)
        (self.folder / "replicas.cfg").write_text(
            f"{grace}backend replicas from replicas\n{servers}"
            '    server waiting "${LINCHPIN_WAITING_BIND}" no-check maxconn 1024 backup\n'
            f"backend ready from ready\n{servers}    server nobody 127.0.0.1:1 no-check backup\n")
        self._proxy_log = (self.folder / "haproxy.log").open("w")
        self.proxy = Program("haproxy").start(
            mode, "-f", CONFIGURATION, "-f", self.folder / "replicas.cfg",
            environment={"LINCHPIN_BIND": f"127.0.0.1:{self.port}",
                         "LINCHPIN_STATS_BIND": f"127.0.0.1:{self.stats_port}",
                         "LINCHPIN_WAITING_BIND": f"127.0.0.1:{free_port()}"},
            stdout=self._proxy_log, stderr=subprocess.STDOUT,
        )
        self._ending = threading.Event()
        self._minder = threading.Thread(target=self._mind)

    def _mind(self):
        while not self._ending.wait(0.02):
            for replica in self.replicas:
                replica.mind()

    def __enter__(self):
        self._minder.start()
        try:
            self.wait_whole()
        except BaseException as mistake:
            self.__exit__(type(mistake))
            raise
        return self

    def __exit__(self, mistake, *_):
        self._ending.set()
        self._minder.join()
        for process in [self.proxy, *(one.process for one in self.replicas)]:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._log.close()
        self._proxy_log.close()
        # The logs of what failed are wanted.
        if mistake is None:
            shutil.rmtree(self.folder)

    def wait(self, condition, seconds=120):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise SystemExit(f"FAILED: the fleet is not ready; {self.folder} has its logs")
            time.sleep(0.1)

    def wait_whole(self):
        """Until every replica is ready and HAProxy knows it."""
        count = len(self.replicas)
        self.wait(lambda: all(one.is_ready for one in self.replicas) and self.counted("active_servers") == count)

    def counted(self, name, proxy="replicas", side="backend"):
        """One number of HAProxy: retry_warnings_total, active_servers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.stats_port}/metrics", timeout=5) as answer:
                page = answer.read().decode()
        except OSError:
            return -1
        wanted = f'haproxy_{side}_{name}{{proxy="{proxy}"}} '
        found = [line.removeprefix(wanted) for line in page.splitlines() if line.startswith(wanted)]
        return int(float(found[0])) if found else -1

    @property
    def waited(self):
        """How many requests waited, since no replica was ready."""
        return self.counted("http_requests_total", proxy="waiting", side="frontend")

    @property
    def reloads(self):
        """How often HAProxy has read its files anew."""
        return (self.folder / "haproxy.log").read_text().count("Loading success") - 1

    def requests(self):
        """The lines of JSON that HAProxy logged, as objects."""
        lines = (self.folder / "haproxy.log").read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def answered_by(self, request_id):
        """The replica's name; HAProxy logs a request when its answer has left."""
        def named():
            return [line["replica"] for line in self.requests() if line["request_id"] == request_id]

        self.wait(named, seconds=5)
        return named()[-1]
