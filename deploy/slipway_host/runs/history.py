"""The runs of a root: which there are, and which may go."""

import os
import time

from slipway_host.filesystem import remove_tree
from slipway_host.runs.folder import ID, RunFolder, is_own_folder

KEPT_RUNS = 5
KEPT_S = 7 * 24 * 3600


def runs(layout):
    """[(begun, RunFolder)], newest first."""
    found = []
    for name in names(layout):
        folder = RunFolder(layout, name)
        if ID.match(name) and is_own_folder(folder.path):
            found.append((begun(folder), folder))
    return sorted(found, key=lambda entry: (-entry[0], entry[1].run))


def names(layout):
    """What lies in the folder of the runs; nothing if that is a link."""
    try:
        return os.listdir(layout.runs) if is_own_folder(layout.runs) else []
    except OSError:
        return []


def begun(folder):
    """When a run was begun, seconds of the epoch."""
    started = folder.told("started_at", (int, float))
    if started is not None and 0 < started < 1e11:
        return started
    try:
        return os.lstat(folder.path).st_mtime
    except OSError:
        return 0.0


def described(layout):
    """The runs as status and probe tell them."""
    entries = []
    for started, folder in runs(layout):
        ended = folder.ending()
        entries.append({"id": folder.run, "started_at": started, "running": ended is None, "ended": ended,
                        "pid": folder.process()[0] if ended is None else None,
                        "subcommand": folder.told("subcommand", str), "deployment": folder.told("deployment", str),
                        "fingerprint": folder.told("fingerprint", str), "owner": folder.told("owner", str)})
    return entries


def working(layout):
    """The runs that have not ended."""
    return [folder for _, folder in runs(layout) if folder.ending() is None]


def ended(layout, deployment=None):
    """The paths of ended runs, of one deployment or of all, and then also of what is no run."""
    found = []
    for name in sorted(names(layout)):
        folder = RunFolder(layout, name)
        is_run = ID.match(name) and is_own_folder(folder.path)
        if is_run and folder.ending() is None:
            continue
        if deployment is None or is_run and folder.told("deployment", str) == deployment:
            found.append(folder.path)
    return found


def prune(layout):
    """Removes old runs, when a new one has begun."""
    over = [(started, folder) for started, folder in runs(layout) if folder.ending() is not None]
    for place, (started, folder) in enumerate(over):
        if place >= KEPT_RUNS or time.time() - started > KEPT_S:
            remove_tree(folder.path)
