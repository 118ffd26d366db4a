"""stop and uninstall."""

import contextlib
import glob
import os

from slipway_host.fault import no_write_permission
from slipway_host.filesystem import is_writable, read_json, remove_tree
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.model.gguf import model_files
from slipway_host.params import bad_param, seconds_param
from slipway_host.status import stop_engine
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
    keep_models = params.get("keep_models", False)
    if not isinstance(keep_models, bool):
        raise bad_param("keep_models", "true or false")
    if not os.path.isdir(layout.root):
        return {"removed_bytes": 0, "was_deployed": False}
    if not is_writable(layout.root):
        raise no_write_permission(layout.root)
    removed = 0
    with Lock(layout, "uninstall", seconds_param(params, "lock_wait_s", 5)):
        deployed = os.path.isdir(layout.deployment)
        stop_engine(layout)
        removed += remove_tree(layout.deployment)
        others = [read_json(path) or {} for path in glob.glob(os.path.join(layout.deployments, "*", "manifest.json"))]
        if not any((other.get("engine") or {}).get("source") == "wheel" for other in others):
            for path in glob.glob(os.path.join(layout.engines, "llama_cpp-*")) + glob.glob(
                    os.path.join(layout.engines, ".tmp-*")):
                removed += remove_tree(path)
        if not keep_models:
            used = [(other.get("model") or {}).get("path") or "" for other in others]
            removed += remove_models(layout, {part for path in used for part in model_files(path)})
        if not others:
            removed += remove_tree(layout.script)
    layout.prune()
    return {"removed_bytes": removed, "was_deployed": deployed}


def remove_models(layout, used):
    """Removes the models in the root's own folder, except those that other deployments use."""
    removed = 0
    for directory, folders, names in os.walk(layout.models, topdown=False):
        for name in names:
            path = os.path.join(directory, name)
            if path not in used:
                removed += remove_tree(path)
        for folder in folders:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(directory, folder))
    return removed
