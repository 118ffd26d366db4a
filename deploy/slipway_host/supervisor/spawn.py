"""Starting the supervisor so that it outlives the login."""

import base64
import json
import os
import subprocess
import sys
import time

from slipway_host.engine.kinds import endpoints_of
from slipway_host.fault import Failure
from slipway_host.filesystem import read_json, write_file, write_json
from slipway_host.keeper import keeper
from slipway_host.manifest import manifest_id
from slipway_host.params import bad_param, flag_param, int_param, text_param
from slipway_host.process import is_running, start_time
from slipway_host.supervisor.engine_log import LOG_BYTES
from slipway_host.supervisor.readiness import choose_port, socket_path
from slipway_host.wire import OUT


def script_path():
    """The file that this program was started from; the supervisor and the engine run it again."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is None:
        raise Failure("script_failed", "This subcommand needs the script as a file.", detail="run from stdin")
    return os.path.abspath(path)


def last_port(layout):
    """The port of the last run, for clients that remember it; None if there was none."""
    for path in (layout.state, layout.launch):
        port = (read_json(path) or {}).get("port")
        if type(port) is int and 1024 <= port <= 65535:
            return port
    return None


def write_pidfile(layout, pid):
    write_file(layout.pidfile, ("%d %s\n" % (pid, start_time(pid))).encode("ascii"))


class KeptProcess:
    """A supervisor that systemd or launchd started, as far as a start has to know it."""

    returncode = None

    def __init__(self, pid):
        self.pid = pid
        self.started = start_time(pid)

    def poll(self):
        if self.returncode is None and not is_running(self.pid, self.started):
            # Its exit status went to its keeper.
            self.returncode = 0
        return self.returncode


def listening(layout, engine, params, before):
    """(port, socket path): where the engine is to listen; one of them is None. As before, if it is not said."""
    wanted = int_param(params, "port", 1024, 65535)
    listen = text_param(params, "listen", "socket" if before.get("socket") and not wanted else "port")
    if listen not in ("port", "socket"):
        raise bad_param("listen", "port or socket")
    if listen == "socket":
        path = socket_path(layout) if endpoints_of(engine)["socket"] else None
        if path:
            return None, path
        OUT.log("This engine cannot listen on a socket here; it listens on 127.0.0.1.", "warn")
    if wanted and choose_port(wanted) != wanted:
        raise Failure("port_unavailable", "Port %d of the host is taken." % wanted, port=wanted)
    return wanted or last_port(layout), None


def spawn_supervisor(layout, version, manifest, params):
    """Starts the supervisor, so that it survives the SSH logout; a process as of subprocess."""
    layout.make(layout.run, layout.logs)
    before = read_json(layout.launch) or {}
    port, path = listening(layout, manifest["engine"], params, before)
    wanted = text_param(params, "keeper", before.get("keeper") or "supervisor")
    if wanted != "auto" and wanted not in keeper.KEEPERS:
        raise bad_param("keeper", "auto, supervisor, systemd or launchd")
    if flag_param(params, "linger"):
        keeper.enable_linger()
    chosen = keeper.choose(wanted)
    launch = {
        "manifest": manifest, "manifest_id": manifest_id(manifest), "version": version, "script": script_path(),
        "python": sys.executable,
        "port": port, "socket": path, "keeper": chosen,
        "log_bytes": int_param(params, "log_bytes", 1024, 1 << 30, LOG_BYTES),
        "watch": text_param(params, "watch", "prctl" if sys.platform.startswith("linux") else "pipe")}
    write_json(layout.launch, launch)
    write_json(layout.state, {"state": "starting", "since": time.time(), "port": port, "socket": path})
    arguments = base64.b64encode(json.dumps({
        "marker": "internal", "root": layout.root, "deployment": layout.name}).encode("ascii")).decode("ascii")
    command = [sys.executable, "-I", "-B", script_path(), "supervise", "--params-b64", arguments]
    log = os.path.join(layout.logs, "supervisor.log")
    if chosen != "supervisor":
        pid = keeper.start(layout, chosen, command, log)
        if pid:
            write_pidfile(layout, pid)
            return KeptProcess(pid)
        write_json(layout.launch, dict(launch, keeper="supervisor"))
    with open(log, "wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd="/",
                                   start_new_session=True, close_fds=True)
    # Written here, under the lock: a stop that comes next must find the supervisor.
    write_pidfile(layout, process.pid)
    return process
