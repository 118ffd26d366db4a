"""start: the supervisor and its engine, until it is ready."""

import os
import time

from slipway_host.engine.plan import check_engine
from slipway_host.fault import Cancelled, Failure
from slipway_host.filesystem import read_json
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.manifest import manifest_id, need_manifest
from slipway_host.params import seconds_param
from slipway_host.process import is_running
from slipway_host.status import log_lines, running_supervisor, stop_engine
from slipway_host.supervisor.crash import REASON_TEXT
from slipway_host.supervisor.spawn import spawn_supervisor
from slipway_host.wire import OUT, handle_signals


def command_start(params):
    handle_signals()
    layout = Layout(params)
    timeout = seconds_param(params, "timeout_s", 120)
    need_manifest(layout)
    begun = time.monotonic()
    process = None
    try:
        with Lock(layout, "start", seconds_param(params, "lock_wait_s", 5)):
            manifest = need_manifest(layout)
            launch = read_json(layout.launch) or {}
            running = running_supervisor(layout)
            already = bool(running) and launch.get("manifest_id") == manifest_id(manifest)
            if not already:
                if running:
                    OUT.log("The deployment has changed: the running engine is stopped first.")
                stop_engine(layout)
                check_engine(manifest["engine"])
                process = spawn_supervisor(layout, manifest, params)
        state = wait_ready(layout, process, begun, timeout)
    except Cancelled as cancelled:
        if process is not None and not cancelled.resume:
            stop_engine(layout)
        raise
    except Failure:
        if process is not None:
            stop_engine(layout)
        raise
    supervisor = running_supervisor(layout)
    return {"port": state["port"], "pid": supervisor[0] if supervisor else None, "engine_pid": state["engine_pid"],
            "state": "ready", "already_running": already, "model": manifest["model"]["label"],
            "load_seconds": state["load_seconds"], "api_key_path": layout.api_key}


def wait_ready(layout, process, begun, timeout):
    """Waits for the state "ready"; the state file's content."""
    while True:
        state = read_json(layout.state) or {}
        name = state.get("state")
        waited = time.monotonic() - begun
        if name == "ready" and is_running(state.get("engine_pid"), state.get("engine_start")):
            return state
        if name == "crashed":
            raise crash_failure(layout, state)
        if name == "stopped":
            raise stopped_by_another()
        if process is not None and process.poll() is not None:
            state = read_json(layout.state) or {}
            if state.get("state") in ("crashed", "stopped"):
                continue
            if process.returncode < 0:
                raise stopped_by_another()
            with open(os.path.join(layout.logs, "supervisor.log"), errors="replace") as source:
                detail = source.read()[-1000:]
            raise Failure("script_failed", "The supervisor ended unexpectedly.", detail=detail)
        if process is None and not running_supervisor(layout):
            raise Failure("engine_crashed", "The supervisor ended while the engine started.",
                          detail="no supervisor", reason="", log="\n".join(log_lines(layout, 30)))
        if waited > timeout:
            raise Failure("engine_not_healthy", "The engine was not ready after %d seconds." % waited,
                          seconds=int(waited), log="\n".join(log_lines(layout, 30)))
        OUT.progress("load", "waiting for the engine: %s" % (name or "starting"), waited)
        time.sleep(0.02 if waited < 3 else 0.1)


def stopped_by_another():
    return Failure("cancelled", "The engine was stopped by another run while it started.")


def crash_failure(layout, state):
    last = state.get("last_exit") or {}
    reason = last.get("reason", "")
    log = "\n".join(last.get("log") or log_lines(layout, 30))
    if reason == "port":
        return Failure("port_unavailable", "The engine found no free port.", port=state.get("port"), log=log)
    return Failure("engine_crashed", "The engine does not stay up: %s." % REASON_TEXT.get(reason, "see the log"),
                   detail="%s (%s)" % (last.get("text", "ended"), REASON_TEXT.get(reason, "see the log")),
                   reason=reason, log=log)
