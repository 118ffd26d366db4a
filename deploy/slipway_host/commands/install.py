"""install: an engine and a model, as a manifest."""

import time

from slipway_host.engine.brought_wheels import wheels_folder
from slipway_host.engine.pins import ENGINE_INODES
from slipway_host.engine.kinds import engine_module, wanted_kind
from slipway_host.fault import Failure, no_write_permission
from slipway_host.filesystem import (
    disk_full, disk_space, existing_ancestor, is_noexec, is_writable, os_failure)
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.manifest import ensure_api_key, launch_parameters, manifest_id, wanted_settings
from slipway_host.model.plan import ModelPlan
from slipway_host.params import flag_param, seconds_param
from slipway_host.units import utc_text
from slipway_host.usage import leftovers
from slipway_host.versions import Versions
from slipway_host.wire import OUT, handle_signals


def command_install(params):
    handle_signals()
    layout = Layout(params)
    stage = flag_param(params, "stage")
    versions = Versions(layout)
    settings = wanted_settings(params)
    wheels_folder(params)
    model_plan = ModelPlan(params, layout, versions.known_models())
    if not is_writable(layout.root):
        raise no_write_permission(existing_ancestor(layout.root))
    try:
        model_plan.check()
    except Failure:
        model_plan.discard_upload()
        raise
    engine_plan = engine_module(wanted_kind(params)).plan(params, layout, model_plan)
    check_room(layout, engine_plan.needed_bytes + model_plan.needed_bytes(), engine_plan.writes_programs)
    layout.make()
    try:
        with Lock(layout, "install", seconds_param(params, "lock_wait_s", 5)):
            remove_leftovers(layout)
            engine_plan.recheck()
            versions.adopt()
            return deploy(settings, layout, versions, engine_plan, model_plan, stage)
    except OSError as error:
        raise os_failure(error, layout.root) or error
    finally:
        layout.prune()


def check_room(layout, needed, engine):
    space = disk_space(layout.root)
    if space["free_bytes"] < needed:
        raise disk_full(layout.root, needed)
    if engine and space["free_inodes"] is not None and space["free_inodes"] < ENGINE_INODES:
        raise Failure("disk_full", "The file system of %s has only %d files left."
                      % (layout.root, space["free_inodes"]),
                      path=layout.root, needed=needed, free=space["free_bytes"], free_inodes=space["free_inodes"])
    if engine and is_noexec(layout.root):
        raise Failure("noexec", "%s is on a file system where programs may not run." % layout.root, path=layout.root)


def remove_leftovers(layout):
    for path in leftovers(layout):
        OUT.log("Removing what an interrupted run left: %s" % path, "warn")
        layout.remove(path)


def deploy(settings, layout, versions, engine_plan, model_plan, stage):
    engine, engine_changed = engine_plan.carry_out()
    model, model_changed = model_plan.carry_out()
    layout.make(layout.deployments, layout.deployment)
    key_changed = ensure_api_key(layout)
    manifest = {"schema": 1, "deployment": layout.name, "engine": engine, "model": model,
                "parameters": launch_parameters(settings, model), "created_at": utc_text(time.time())}
    # Whatever another run left unverified is superseded by this one.
    versions.drop_candidate()
    version, current = versions.current()
    same = current is not None and manifest_id(current) == manifest_id(manifest)
    if same:
        manifest = current
    else:
        pointer = versions.pointer()
        version = versions.add(manifest)
        if stage:
            versions.point(dict(pointer, candidate=version))
        else:
            versions.make_current(version)
            versions.prune()
    return {"changed": bool(engine_changed or model_changed or key_changed or not same),
            "version": version, "candidate": stage and not same,
            "engine": {key: engine[key] for key in ("kind", "version", "source", "python", "seconds")},
            "model": {key: value for key, value in model.items() if key != "mtime_ns"}, "manifest": manifest}
