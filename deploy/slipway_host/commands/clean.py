"""clean: removes versions, engines, models and leftovers that nothing uses."""

import contextlib
import os

from slipway_host.brought_python import is_python_used
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.params import flag_param, seconds_param
from slipway_host.runs import history
from slipway_host.usage import (
    engines, item, leftovers, models, old_packages, old_scripts, partial_downloads, users_of)
from slipway_host.versions import ROLES, Versions, all_manifests
from slipway_host.wire import ignore_signals


def command_clean(params):
    ignore_signals()
    layout = Layout(params)
    dry_run, keep_models = flag_param(params, "dry_run"), flag_param(params, "keep_models")
    if not os.path.isdir(layout.root):
        return {"removed": [], "removed_bytes": 0, "dry_run": dry_run}
    if dry_run:
        removed = unused(layout, keep_models)
    else:
        with Lock(layout, "clean", seconds_param(params, "lock_wait_s", 5)):
            Versions(layout).adopt()
            removed = unused(layout, keep_models)
            for found in removed:
                layout.remove(found["path"])
            remove_empty_folders(layout)
        layout.prune()
    return {"removed": removed, "removed_bytes": sum(found["bytes"] for found in removed), "dry_run": dry_run}


def unused(layout, keep_models):
    """What may go: [{kind: version|engine|model|download|script|python|leftover|run, path, bytes}]."""
    versions = Versions(layout)
    pointer = versions.pointer()
    named = {pointer[role] for role in ROLES}
    gone = [os.path.join(versions.folder, name) for name in versions.names() if name not in named]
    # What only those versions use goes with them.
    kept = [(deployment, version, manifest) for deployment, version, manifest in all_manifests(layout)
            if deployment != layout.name or version is None or version in named]
    used = users_of(layout, kept)
    found = [item("version", path) for path in gone]
    found += [item("engine", path) for path in engines(layout) if path not in used]
    if not keep_models:
        found += [item("model", path) for path in models(layout) if path not in used]
        found += [item("download", path) for path in partial_downloads(layout) if path not in used]
    found += [item("download", path) for path in old_packages(layout)]
    found += [item("script", path) for path in old_scripts(layout)]
    found += [item("run", path) for path in history.ended(layout)]
    if os.path.lexists(layout.python) and not is_python_used(layout, kept):
        found.append(item("python", layout.python))
    listed = {entry["path"] for entry in found}
    found += [item("leftover", path) for path in leftovers(layout) if path not in listed]
    return [entry for entry in found if layout.holds(entry["path"])]


def remove_empty_folders(layout):
    """Those below models/, where that is a folder of our own."""
    for directory, _, _ in os.walk(layout.models, topdown=False):
        if directory != layout.models and layout.holds(directory):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
