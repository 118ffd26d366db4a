"""Ports, and the engine's own word that it is ready."""

import contextlib
import http.client
import socket

from slipway_host.fault import Failure


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


def ask_health(port, path):
    """"ready", "loading" or "" as the engine's health path says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return {200: "ready", 503: "loading"}.get(status, "")
