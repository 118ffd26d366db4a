"""start: the supervisor and its engine, until it is ready."""

import contextlib
import os
import time

from slipway_host.engine.kinds import endpoints_of, engine_module
from slipway_host.fault import Cancelled, Failure
from slipway_host.filesystem import read_json
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.manifest import manifest_id
from slipway_host.params import flag_param, seconds_param
from slipway_host.process import is_running
from slipway_host.status import log_lines, running_device, running_supervisor, stop_engine
from slipway_host.supervisor.crash import REASON_TEXT
from slipway_host.supervisor.spawn import spawn_supervisor
from slipway_host.versions import Versions
from slipway_host.wire import OUT, handle_signals, ignore_signals


def command_start(params):
    handle_signals()
    layout = Layout(params)
    versions = Versions(layout)
    timeout = seconds_param(params, "timeout_s", 120)
    candidate = flag_param(params, "candidate")
    if not (candidate and versions.pointer()["candidate"]):
        versions.need_current()
    with Lock(layout, "start", seconds_param(params, "lock_wait_s", 5)) as lock:
        versions.adopt()
        pointer = versions.pointer()
        wanted = pointer["candidate"] if candidate and pointer["candidate"] else None
        if wanted is None:
            return bring_up(layout, *versions.need_current(), params, timeout, lock)
        try:
            return bring_up(layout, wanted, versions.need(wanted), params, timeout, lock)
        except Failure as failure:
            failure.params["restored"] = str(go_back(layout, versions, lock, params, timeout))
            raise
        except Cancelled as cancelled:
            if not cancelled.resume:
                # What was served before is served again, whether somebody listens or not.
                # Who holds the lock meanwhile (an uninstall, the next deploy) decides what is served.
                ignore_signals()
                lock.wait = 0
                with contextlib.suppress(Failure):
                    go_back(layout, versions, lock, params, timeout)
            raise


def go_back(layout, versions, lock, params, timeout):
    """After a candidate failed: forgets it and starts the current version again; its name or "".

    The caller's port and log size are its candidate's, so the current version starts with its own.
    """
    with lock.again():
        versions.drop_candidate()
        version, manifest = versions.current()
        if manifest is None:
            return ""
        OUT.log("The new version did not start: going back to %s." % version, "warn")
        try:
            bring_up(layout, version, manifest, {"watch": params.get("watch")}, timeout, lock)
        except Failure as failure:
            OUT.log("The version before does not start either: %s" % failure, "error")
            return ""
        return version


def bring_up(layout, version, manifest, params, timeout, lock):
    """Runs a version until it is ready; the data of a start. Takes back what it began.

    The lock is let go while it waits, so that a stop can come in.
    """
    begun = time.monotonic()
    process = None
    try:
        launch = read_json(layout.launch) or {}
        running = running_supervisor(layout)
        already = bool(running) and launch.get("manifest_id") == manifest_id(manifest) \
            and listens_as_asked(launch, manifest, params)
        if not already:
            if running:
                OUT.log("The deployment has changed: the running engine is stopped first.")
            stop_engine(layout)
            engine_module(manifest["engine"]["kind"]).check(manifest["engine"])
            process = spawn_supervisor(layout, version, manifest, params)
        lock.release()
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
    return {"port": state["port"], "socket": state.get("socket"), "keeper": (read_json(layout.launch) or {}).get("keeper"),
            "pid": supervisor[0] if supervisor else None, "engine_pid": state["engine_pid"],
            "state": "ready", "already_running": already, "model": manifest["model"]["label"],
            "load_seconds": state["load_seconds"], "api_key_path": layout.api_key, "version": version,
            "endpoints": endpoints_of(manifest["engine"]), "device": running_device(layout),
            "log_path": layout.engine_log}


def listens_as_asked(launch, manifest, params):
    """Whether a running engine has its socket, or its port, as this start asks for it, if it asks."""
    asked = params.get("listen")
    if asked == "socket":
        return bool(launch.get("socket")) or not endpoints_of(manifest["engine"])["socket"]
    return asked is None or not launch.get("socket")


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
