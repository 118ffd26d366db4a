"""Where an engine listens, and its own word that it is ready."""

import contextlib
import hashlib
import http.client
import os
import socket
import sys

from slipway_host.fault import Failure

# sun_path of sockaddr_un, with its end.
LONGEST_SOCKET_PATH = 107 if sys.platform.startswith("linux") else 103


def choose_port(wanted):
    """The wanted port if it is free, else any free one, on 127.0.0.1."""
    for port in (wanted, 0) if wanted else (0,):
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Failure("port_unavailable", "No free port was found on the host.", port=wanted or "any")


def socket_path(layout):
    """Where the engine's socket goes: in a directory that only the user enters. None if its path is too long."""
    path = os.path.join(layout.run, "engine.sock")
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    runtime = os.environ.get("XDG_RUNTIME_DIR") or ("/run/user/%d" % os.getuid())
    try:
        found = os.stat(runtime)
    except OSError:
        return None
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        return None
    path = os.path.join(runtime, "slipway-%s.sock" % hashlib.sha256(os.fsencode(path)).hexdigest()[:16])
    return path if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH else None


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout):
        http.client.HTTPConnection.__init__(self, "localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection_to(port, path, timeout):
    """An HTTP connection to an engine: to its socket if it has one."""
    if path:
        return SocketConnection(path, timeout)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def ask_health(port, socket_file, path):
    """"ready", "loading" or "" as the engine's health path says."""
    connection = connection_to(port, socket_file, 2)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return {200: "ready", 503: "loading"}.get(status, "")
