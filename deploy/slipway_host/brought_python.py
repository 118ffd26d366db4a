"""The Python that a caller unpacked below the root for a host that lacks one."""

import contextlib
import glob
import os
import sys

from slipway_host.filesystem import is_inside, read_json
from slipway_host.keeper.keeper import unit_path
from slipway_host.status import running_supervisor
from slipway_host.usage import engine_folder


def is_python_used(layout, manifests):
    """Whether this run, a supervisor or an engine of these versions is from it."""
    users = [sys.executable] + supervisors(layout)
    for _, _, manifest in manifests:
        users += interpreters(layout, manifest["engine"])
    return any(is_inside(path, layout.python) for path in users if isinstance(path, str) and path)


def supervisors(layout):
    """The interpreters of the supervisors that run, and of those that systemd or launchd would start again."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir(layout.deployments):
            other = layout.of(name)
            launch = read_json(other.launch) or {}
            keeper = launch.get("keeper")
            kept = keeper in ("systemd", "launchd") and os.path.lexists(unit_path(other, keeper))
            if kept or running_supervisor(other):
                found.append(launch.get("python"))
    return found


def interpreters(layout, engine):
    """Where an engine may have its interpreter: a link of its environment leads to it."""
    found = [engine.get("python"), engine.get("binary")]
    folder = engine_folder(layout, engine)
    for place in ("bin", os.path.join("environment", "bin")) if folder else ():
        found += glob.glob(os.path.join(glob.escape(folder), place, "python*"))
    return found
