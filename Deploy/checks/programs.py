"""Programs of Debian's packages and libraries of PyPI that checks run: as installed, or in a folder of their own.

Unpacked, since to install haproxy or prometheus is to start a service; nothing of it needs root.
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from server import ROOT

PACKAGES = {"haproxy": "haproxy", "promtool": "prometheus", "strace": "strace", "testssl": "testssl.sh"}
FOLDER = ROOT / ".build-programs"


class Program:
    """A program with what it needs to be found beside it."""

    def __init__(self, name):
        installed = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.environment = dict(os.environ)
        if installed:
            self.path = installed
            return
        root = _unpacked(PACKAGES[name])
        found = [path for path in root.glob(f"usr/*bin/{name}")]
        if not found:
            raise SystemExit(f"FAILED: {PACKAGES[name]} has no {name}")
        self.path = str(found[0])
        libraries = {str(path.parent) for path in root.glob("usr/lib/*/*.so.*")}
        self.environment["LD_LIBRARY_PATH"] = ":".join(sorted(libraries))
        self.environment["PATH"] = f"{root}/usr/bin:{os.environ['PATH']}"
        self.environment["TESTSSL_INSTALL_DIR"] = str(root / "etc/testssl")

    def run(self, *words, environment=None, **options):
        """The finished process with what it printed."""
        return subprocess.run(
            [self.path, *map(str, words)], env={**self.environment, **(environment or {})}, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
        )

    def start(self, *words, environment=None, **options):
        return subprocess.Popen(
            [self.path, *map(str, words)], env={**self.environment, **(environment or {})}, **options
        )


def library(requirement, module, alone=False):
    """Makes `module` importable in the version that versions.json names; `alone`: without what it needs. Its folder."""
    name = requirement.split("[")[0]
    version = json.loads((ROOT / "Deploy/versions.json").read_text())["checks"][name][0]
    folder = FOLDER / f"{name}-{version}"
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
                   "--root-user-action=ignore", "--no-compile", "--target", str(folder), f"{requirement}=={version}"]
        command += ["--no-deps"] if alone else []
        # pip warns of clashes with what is installed, which a folder of its own does not have.
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise SystemExit(f"FAILED: pip could not install {requirement}=={version}: {done.stderr}")
    sys.path.insert(0, str(folder))
    if importlib.util.find_spec(module) is None:
        raise SystemExit(f"FAILED: {requirement} has no {module}")
    return folder / module


def _unpacked(package):
    """The folder with the package's files and those of the libraries that are missing here."""
    if not shutil.which("apt-get"):
        raise SystemExit(f"FAILED: {package} is missing, and this is not a Debian that could fetch it")
    root = FOLDER / package
    if root.is_dir():
        return root
    scratch = pathlib.Path(f"{root}-{os.getpid()}")
    scratch.mkdir(parents=True)
    wanted = [package, *_libraries(package)]
    if not _download(wanted, scratch):
        # No lists yet, or old ones. Needs root, as in CI's container.
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        wanted = [package, *_libraries(package)]
        if not _download(wanted, scratch):
            raise SystemExit(f"FAILED: apt-get could not download {' '.join(wanted)}")
    for archive in scratch.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", archive, scratch], check=True)
        archive.unlink()
    scratch.replace(root)
    return root


def _libraries(package):
    """What apt would install beside it, but for the pages' JavaScript; testssl.sh wants `host` even for an address."""
    plan = subprocess.run(
        ["apt-get", "--simulate", "install", "--no-install-recommends", package],
        capture_output=True, text=True, check=False,
    )
    names = re.findall(r"^Inst (\S+)", plan.stdout, re.M)
    return [name for name in names if name.startswith(("lib", "bind9-")) and not name.startswith("libjs-")]


def _download(packages, folder):
    done = subprocess.run(["apt-get", "download", "-qq", *packages], cwd=folder, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0
