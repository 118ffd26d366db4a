"""What runs now, and ending it."""

import collections
import contextlib
import os
import signal
import time

from slipway_host.engine.device import UNKNOWN, device_by_kind
from slipway_host.engine.kinds import MODULES, endpoints_of, engine_module
from slipway_host.engine.ollama_api import loaded_device
from slipway_host.filesystem import read_json, write_json
from slipway_host.keeper import keeper
from slipway_host.process import group_members, is_running, signal_process, wait_gone
from slipway_host.supervisor.spawn import last_port
from slipway_host.versions import Versions

STOP_GRACE_S = 5.0


def running_supervisor(layout):
    """(pid, start time) of the live supervisor, or None. A foreign process with its pid does not count."""
    try:
        with open(layout.pidfile) as source:
            words = source.read().split()
        pid, started = int(words[0]), words[1]
    except (OSError, ValueError, IndexError):
        return None
    return (pid, started) if is_running(pid, started) else None


def log_lines(layout, count):
    """The last lines of the engine's log, across its rotation."""
    lines = collections.deque(maxlen=count)
    for path in (layout.engine_log + ".1", layout.engine_log):
        try:
            with open(path, "rb") as source:
                source.seek(0, os.SEEK_END)
                source.seek(max(0, source.tell() - 2048 * count))
                for line in source.read().decode("utf-8", "replace").splitlines():
                    lines.append(line[:2000])
        except OSError:
            continue
    return list(lines)


def running_state(layout):
    """What the state file says, as far as the processes bear it out."""
    state = read_json(layout.state) or {}
    supervisor = running_supervisor(layout)
    name = state.get("state", "starting")
    if not supervisor and name != "crashed":
        name = "stopped"
    versions = Versions(layout)
    if not supervisor and versions.current()[1] is None and not versions.names():
        name = "absent"
    engine_alive = is_running(state.get("engine_pid"), state.get("engine_start"))
    return {"state": name, "port": state.get("port") if supervisor else None,
            "socket": state.get("socket") if supervisor else None, "pid": supervisor[0] if supervisor else None,
            "engine_pid": state.get("engine_pid") if engine_alive else None, "restarts": state.get("restarts", 0),
            "since": state.get("since"), "last_exit": state.get("last_exit")}


def running_device(layout):
    """{used, detail}: what the engine that is ready computes on, as far as it can be told."""
    state = read_json(layout.state) or {}
    engine = ((read_json(layout.launch) or {}).get("manifest") or {}).get("engine") or {}
    if state.get("state") != "ready" or engine.get("kind") not in MODULES or not running_supervisor(layout):
        return UNKNOWN
    if engine["kind"] == "ollama":
        return loaded_device(engine.get("host", "127.0.0.1"), engine.get("port", state.get("port")))
    return device_by_kind(engine) or state.get("device") or UNKNOWN


def status_of(layout):
    versions = Versions(layout)
    version, manifest = versions.current()
    pointer = versions.pointer()
    state = running_state(layout)
    launch = (read_json(layout.launch) or {}) if state["pid"] else {}
    return {**state, "deployed": manifest is not None, "last_port": last_port(layout),
            "keeper": launch.get("keeper"),
            "model": manifest["model"] if manifest else None,
            "engine": manifest["engine"] if manifest else None, "manifest": manifest,
            "version": version, "previous": pointer["previous"], "candidate": pointer["candidate"],
            "endpoints": endpoints_of(manifest["engine"]) if manifest else None,
            "running_version": launch.get("version"), "device": running_device(layout), "log_path": layout.engine_log,
            "api_key_path": layout.api_key if manifest else None, "log_tail": log_lines(layout, 20)}


def clean_up(layout):
    """What an engine leaves when it is killed, where its kind leaves anything."""
    engine = ((read_json(layout.launch) or {}).get("manifest") or {}).get("engine") or {}
    if engine.get("kind") == "container":
        engine_module("container").clean_up(layout, engine)


def stop_engine(layout):
    """Ends supervisor and engine, politely and then not; whether one was running."""
    supervisor = running_supervisor(layout)
    # Before any signal: a keeper starts again what was killed.
    keeper.remove(layout)
    if supervisor:
        pid, started = supervisor
        signal_process(pid, signal.SIGTERM)
        if not wait_gone(pid, started, STOP_GRACE_S):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            wait_gone(pid, started, 2)
    state = read_json(layout.state) or {}
    engine = (state.get("engine_pid"), state.get("engine_start"))
    orphan = is_running(*engine)
    if orphan:
        signal_process(engine[0], signal.SIGKILL)
        wait_gone(engine[0], engine[1], 2)
    clean_up(layout)
    workers = group_members(state.get("engine_pid"), state.get("pid"))
    for pid in workers:
        # Their engine and its supervisor were killed; they still hold memory.
        signal_process(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.unlink(layout.pidfile)
    if os.path.isdir(layout.run) and state.get("state") not in (None, "stopped"):
        write_json(layout.state, dict(state, state="stopped", engine_pid=None, engine_start=None, since=time.time()))
    return bool(supervisor or orphan or workers)
