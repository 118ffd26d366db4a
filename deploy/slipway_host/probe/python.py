"""The Python interpreters of the host and what each is able to do."""

import contextlib
import glob
import json
import os
import sys

from slipway_host.fault import Failure
from slipway_host.filesystem import is_inside
from slipway_host.probe.system import python_fix, venv_fix
from slipway_host.process import run_text, run_together
from slipway_host.units import version_text

MINIMUM_PYTHON = (3, 8)
# The wheel is built for CPython's stable interface from 3.10 on.
ENGINE_PYTHON = (3, 10)
# Runs in a foreign interpreter, which may be old: prints what it is able to do.
PYTHON_FACTS = r"""
import json, sys, platform, glob, os
try:
    from importlib.util import find_spec
    has = lambda name: find_spec(name) is not None
except ImportError:
    has = lambda name: False
bundled = []
if has("ensurepip"):
    import ensurepip, sysconfig
    bundled = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))
    place = sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels"
    bundled = bundled or glob.glob(os.path.join(place, "pip-*.whl"))
try:
    import ssl
    with_ssl = True
except ImportError:
    with_ssl = False
import sysconfig
print("FACTS" + json.dumps({
    "path": sys.executable, "version": list(sys.version_info[:3]),
    "cpython": platform.python_implementation() == "CPython" and sys.maxsize > 2 ** 32
        and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "venv": has("venv"), "ensurepip": bool(bundled), "pip": has("pip"),
    "pip_wheel": bundled[0] if bundled else None, "ssl": with_ssl}))
"""


def python_candidates(chosen, brought=None):
    """Interpreters worth asking, without duplicates. A brought one lies in a folder of that name."""
    if chosen:
        return [chosen]
    names = ["python3"] + ["python3.%d" % minor for minor in range(19, 7, -1)]
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders += ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", os.path.expanduser("~/.local/bin")]
    paths = [sys.executable] if sys.executable else []
    paths += [os.path.join(brought, "bin", "python3")] if brought else []
    for folder in folders:
        # pyenv's shims are slow scripts around the interpreters that are listed below.
        if os.path.isabs(folder) and not folder.rstrip("/").endswith("/shims"):
            paths += [os.path.join(folder, name) for name in names]
    for pattern in ("~/.pyenv/versions/3.1*/bin/python3", "~/miniconda3/bin/python3",
                    "~/.local/share/uv/python/cpython-3.1*/bin/python3"):
        paths += sorted(glob.glob(os.path.expanduser(pattern)), reverse=True)
    unique = {}
    for path in paths:
        if os.access(path, os.X_OK) and os.path.isfile(path):
            unique.setdefault(os.path.realpath(path), path)
    return list(unique.values())[:16]


def ask_python(path):
    """What an interpreter is able to do, or None if it does not run."""
    status, text = run_text([path, "-c", PYTHON_FACTS], 8)
    for line in text.splitlines() if status == 0 else ():
        if line.startswith("FACTS"):
            with contextlib.suppress(ValueError):
                facts = json.loads(line[5:])
                facts["path"] = path
                return facts
    return None


def find_pythons(chosen=None, brought=None):
    """The facts of all interpreters found; asked at the same time, since each takes a moment."""
    found = []

    def ask(path):
        facts = ask_python(path)
        if facts:
            facts["brought"] = brought is not None and is_inside(path, brought)
            found.append(facts)

    run_together([lambda path=path: ask(path) for path in python_candidates(chosen, brought)])
    return sorted(found, key=lambda facts: (facts["version"], facts["path"]), reverse=True)


def pip_commands(pythons, engine_python):
    """Ways to call a pip, best first: [(command, whether it belongs to the engine's Python)]."""
    own = [facts for facts in pythons if facts["path"] == engine_python["path"]]
    others = [facts for facts in pythons if facts["path"] != engine_python["path"] and facts["version"] >= [3, 6]]
    commands = []
    for facts in own + others:
        if facts["pip"]:
            commands.append(([facts["path"], "-m", "pip"], facts in own))
        elif facts["pip_wheel"]:
            # A wheel is a zip file that Python can run from.
            commands.append(([facts["path"], os.path.join(facts["pip_wheel"], "pip")], facts in own))
    return commands


def engine_python_of(pythons):
    """The newest interpreter that the wheel runs on and that can fetch and hold it, or None.

    The host's own comes first: its system keeps it up to date.
    """
    usable = [facts for facts in pythons if facts["cpython"] and tuple(facts["version"]) >= ENGINE_PYTHON]
    usable.sort(key=lambda facts: (not facts["brought"], facts["venv"] and (facts["pip"] or facts["ensurepip"]), facts["version"]),
                reverse=True)
    return usable[0] if usable else None


def engine_python_failure(pythons, index_url, brought=False):
    """Why no interpreter can carry the wheel, or None. A brought wheel need not be fetched."""
    python = engine_python_of(pythons)
    if python is None:
        found = version_text(pythons[0]["version"]) if pythons else "none"
        return Failure("python_too_old", "The engine needs Python %s or newer; the newest usable one on the host "
                       "is %s." % (version_text(ENGINE_PYTHON), found), found=found,
                       needed=version_text(ENGINE_PYTHON), fix=python_fix())
    if not brought and not pip_commands(pythons, python) and not index_url:
        return Failure("venv_missing", "%s has neither pip nor ensurepip, so nothing can be installed for it."
                       % python["path"], python=python["path"], fix=venv_fix())
    return None


def newer_python(brought):
    """A newer interpreter on the host, for the message of python_too_old; "" without one."""
    for path in python_candidates(None, brought):
        facts = ask_python(path)
        if facts and tuple(facts["version"]) >= MINIMUM_PYTHON:
            return path
    return ""
