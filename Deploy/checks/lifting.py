"""Brings the trainers' published packages here and lifts single functions out of them; git keeps none of it."""

import ast
import functools
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import venv
import zipfile

from server import ROOT

FOLDER = pathlib.Path(os.environ.get("LINCHPIN_CLIENTS", ROOT / ".build/clients")).resolve()


def pip(*words, seconds=600):
    """Whether pip could do it; what it could not is said."""
    # A virtual environment made here has no pip of its own.
    command = [sys._base_executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        print(f"pip {words[0]} took more than {seconds} s")
        return False
    if done.returncode != 0:
        print(f"pip {' '.join(words)}: {' '.join(done.stderr.strip().splitlines()[-1:])}")
    return done.returncode == 0


@functools.lru_cache(maxsize=None)
def source(requirement):
    """The folder of a package's unpacked wheel, `name==version`; None where PyPI cannot be reached."""
    folder = FOLDER / requirement.replace("==", "-")
    if folder.is_dir():
        return folder
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        # Only read, never installed: the wheel of any platform will do.
        any_platform = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux1_x86_64"]
        if not pip("download", "--no-deps", *any_platform, "--dest", scratch, requirement, seconds=180):
            return None
        unpacked = pathlib.Path(scratch, "unpacked")
        with zipfile.ZipFile(next(pathlib.Path(scratch).glob("*.whl"))) as wheel:
            wheel.extractall(unpacked)
        unpacked.rename(folder)
    return folder


@functools.lru_cache(maxsize=None)
def libraries(*requirements, seconds=600):
    """Makes these importable, from a folder of their own; whether that could be done."""
    folder = FOLDER / f"libraries-{_digest(requirements)}"
    if not folder.is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            target = pathlib.Path(scratch, "target")
            quick = ["--no-compile", "--no-warn-conflicts"]
            if not pip("install", *quick, "--target", str(target), *requirements, seconds=seconds):
                return False
            target.rename(folder)
    sys.path.insert(0, str(folder))
    return True


@functools.lru_cache(maxsize=None)
def interpreter(*requirements, seconds=600):
    """The Python of a virtual environment that has these; None where they cannot be had."""
    folder = FOLDER / f"venv-{_digest(requirements)}"
    python = folder / "bin/python"
    done = folder / "done"
    if not done.exists():
        venv.create(folder, clear=True, with_pip=False)
        if not pip("--python", str(python), "install", "--no-compile", *requirements, seconds=seconds):
            return None
        done.touch()
    return str(python)


def _digest(requirements):
    return hashlib.sha256(" ".join([sys.version, *requirements]).encode()).hexdigest()[:12]


def lifted(folder, path, *names, **given):
    """These top-level functions and classes of one file, run where they find nothing but `given` and each other."""
    file = next(folder.rglob(path))
    tree = ast.parse(file.read_text(), str(file))
    found = {node.name: node for node in tree.body if hasattr(node, "name") and node.name in names}
    missing = set(names) - set(found)
    if missing:
        raise SystemExit(f"FAILED: {path} of {folder.name} has no {', '.join(sorted(missing))} any more")
    body = [node for node in tree.body if node in found.values()]
    future = ast.parse("from __future__ import annotations").body
    module = types.ModuleType(f"lifted_{folder.name}_{file.stem}".replace(".", "_").replace("-", "_"))
    # A process pool pickles a function by the name of its module.
    sys.modules[module.__name__] = module
    vars(module).update(given)
    exec(compile(ast.Module(future + body, []), str(file), "exec"), vars(module))
    return module
