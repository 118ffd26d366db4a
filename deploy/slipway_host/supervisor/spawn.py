"""Starting the supervisor so that it outlives the login."""

import base64
import json
import os
import subprocess
import sys
import time

from slipway_host.fault import Failure
from slipway_host.filesystem import read_json, write_file, write_json
from slipway_host.manifest import manifest_id
from slipway_host.params import int_param, text_param
from slipway_host.process import start_time
from slipway_host.supervisor.engine_log import LOG_BYTES
from slipway_host.supervisor.readiness import choose_port


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


def spawn_supervisor(layout, version, manifest, params):
    """Starts the supervisor in a session of its own, so that it survives the SSH logout."""
    layout.make(layout.run, layout.logs)
    wanted = int_param(params, "port", 1024, 65535)
    if wanted and choose_port(wanted) != wanted:
        raise Failure("port_unavailable", "Port %d of the host is taken." % wanted, port=wanted)
    last = last_port(layout)
    write_json(layout.launch, {
        "manifest": manifest, "manifest_id": manifest_id(manifest), "version": version,
        "script": script_path(), "port": wanted or last,
        "log_bytes": int_param(params, "log_bytes", 1024, 1 << 30, LOG_BYTES),
        "watch": text_param(params, "watch", "prctl" if sys.platform.startswith("linux") else "pipe")})
    write_json(layout.state, {"state": "starting", "since": time.time(), "port": wanted or last})
    arguments = base64.b64encode(json.dumps({
        "marker": "internal", "root": layout.root, "deployment": layout.name}).encode("ascii")).decode("ascii")
    with open(os.path.join(layout.logs, "supervisor.log"), "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", script_path(), "supervise", "--params-b64", arguments],
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd="/", start_new_session=True, close_fds=True)
    # Written here, under the lock: a stop that comes next must find the supervisor.
    write_file(layout.pidfile, ("%d %s\n" % (process.pid, start_time(process.pid))).encode("ascii"))
    return process
