"""stop and uninstall."""

import os

from slipway_host.commands.clean import remove_empty_folders
from slipway_host.fault import no_write_permission
from slipway_host.filesystem import is_writable
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.params import flag_param, seconds_param
from slipway_host.runs import history
from slipway_host.status import stop_engine
from slipway_host.usage import engines, leftovers, users_of
from slipway_host.versions import all_manifests
from slipway_host.wire import ignore_signals


def command_stop(params):
    ignore_signals()
    layout = Layout(params)
    if not os.path.isdir(layout.deployment):
        return {"was_running": False}
    with Lock(layout, "stop", seconds_param(params, "lock_wait_s", 5)):
        return {"was_running": stop_engine(layout)}


def command_uninstall(params):
    ignore_signals()
    layout = Layout(params)
    keep_models = flag_param(params, "keep_models")
    if not os.path.isdir(layout.root):
        return {"removed_bytes": 0, "was_deployed": False}
    if not is_writable(layout.root):
        raise no_write_permission(layout.root)
    removed = 0
    with Lock(layout, "uninstall", seconds_param(params, "lock_wait_s", 5)):
        deployed = os.path.isdir(layout.deployment)
        cancel_starts(layout)
        stop_engine(layout)
        removed += layout.remove(layout.deployment)
        others = all_manifests(layout)
        used = users_of(layout)
        gone = [path for path in engines(layout) if path not in used] + leftovers(layout)
        if not keep_models:
            gone += [os.path.join(directory, name) for directory, _, names in os.walk(layout.models) for name in names]
        removed += sum(layout.remove(path) for path in gone if not is_below(path, used))
        remove_empty_folders(layout)
        removed += sum(layout.remove(path) for path in history.ended(layout, layout.name if others else None))
        if not others:
            # The Python comes last: this run may be from it, and imports nothing after that.
            removed += sum(layout.remove(path) for path in (layout.script, layout.wheels, layout.python))
    layout.prune()
    return {"removed_bytes": removed, "was_deployed": deployed}


def cancel_starts(layout):
    """Ends runs that have let the lock go and wait for the engine: they would report what is gone."""
    for folder in history.working(layout):
        if folder.told("subcommand", str) in ("start", "rollback") \
                and folder.told("deployment", str) == layout.name:
            folder.cancel()


def is_below(path, used):
    """Whether a path is, or lies in, one of these."""
    while path not in used:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
    return True
