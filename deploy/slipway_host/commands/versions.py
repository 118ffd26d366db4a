"""versions and commit: what is kept, and making a verified candidate the current version."""

import os

from slipway_host.fault import Failure
from slipway_host.filesystem import disk_space, read_json, tree_bytes
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.manifest import manifest_id
from slipway_host.params import seconds_param
from slipway_host.process import is_running
from slipway_host.status import running_supervisor
from slipway_host.usage import engine_folder, engines, model_paths, models, users_of
from slipway_host.versions import Versions
from slipway_host.wire import ignore_signals


def command_versions(params):
    layout = Layout(params)
    versions = Versions(layout)
    pointer = versions.pointer()
    running = (read_json(layout.launch) or {}) if running_supervisor(layout) else {}
    entries = [entry(layout, versions, pointer, running, name) for name in reversed(versions.names())]
    legacy = versions.legacy()
    if legacy:
        entries.insert(0, described(layout, None, "current", legacy, running))
    used = users_of(layout)
    return {"root": layout.root, "deployment": layout.name, "current": pointer["current"], "previous": pointer["previous"],
            "candidate": pointer["candidate"], "versions": entries,
            "engines": [usage(path, used) for path in engines(layout)],
            "models": [usage(path, used) for path in models(layout)],
            "total_bytes": tree_bytes(layout.root), "disk": disk_space(layout.root)}


def usage(path, used):
    return {"path": path, "bytes": tree_bytes(path),
            "used_by": [{"deployment": deployment, "version": version} for deployment, version in used.get(path, [])]}


def entry(layout, versions, pointer, running, name):
    roles = [role for role in ("candidate", "current", "previous") if pointer[role] == name]
    manifest = versions.manifest(name)
    if manifest is None:
        return {"version": name, "role": roles[0] if roles else "old", "damaged": True, "complete": False}
    return described(layout, name, roles[0] if roles else "old", manifest, running)


def described(layout, name, role, manifest, running):
    engine, model = manifest["engine"], manifest["model"]
    folder = engine_folder(layout, engine)
    return {"version": name, "role": role, "damaged": False, "created_at": manifest.get("created_at"),
            "running": running.get("manifest_id") == manifest_id(manifest),
            "complete": is_complete(layout, manifest),
            "engine": {key: engine[key] for key in ("kind", "source", "version")},
            "model": {key: model.get(key) for key in ("kind", "name", "label", "path", "bytes", "sha256")},
            "parameters": manifest["parameters"], "engine_bytes": tree_bytes(folder) if folder else 0,
            "model_bytes": sum(tree_bytes(path) for path in model_paths(model))}


def is_complete(layout, manifest):
    """Whether the engine and the model of a version are still there."""
    folder = engine_folder(layout, manifest["engine"])
    return (folder is None or os.path.isdir(folder)) and all(map(os.path.exists, model_paths(manifest["model"])))


def command_commit(params):
    ignore_signals()
    layout = Layout(params)
    versions = Versions(layout)
    versions.pointer()["candidate"] or versions.need_current()
    with Lock(layout, "commit", seconds_param(params, "lock_wait_s", 5)):
        versions.adopt()
        candidate = versions.pointer()["candidate"]
        if candidate is None:
            # Asked twice, after an answer that was lost.
            version, _ = versions.need_current()
            return {"changed": False, "version": version, "previous": versions.pointer()["previous"],
                    "removed_bytes": 0}
        if not runs(layout, versions.need(candidate)):
            raise Failure("candidate_not_running", "The new version %s does not run, so it cannot be kept." % candidate,
                          version=candidate)
        versions.make_current(candidate)
        return {"changed": True, "version": candidate, "previous": versions.pointer()["previous"],
                "removed_bytes": sum(count for _, count in versions.prune())}


def runs(layout, manifest):
    """Whether the engine of just this manifest is ready."""
    launch, state = read_json(layout.launch) or {}, read_json(layout.state) or {}
    return (running_supervisor(layout) is not None and launch.get("manifest_id") == manifest_id(manifest)
            and state.get("state") == "ready" and is_running(state.get("engine_pid"), state.get("engine_start")))
