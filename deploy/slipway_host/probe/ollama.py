"""Ollama: its program, and whether its service answers."""

import http.client
import json
import os
import re
import urllib.parse

from slipway_host.probe.program import find_program
from slipway_host.process import run_text


def ollama_address():
    """(host, port) of the service as OLLAMA_HOST says; wildcards mean this host."""
    given = os.environ.get("OLLAMA_HOST", "").strip()
    try:
        parts = urllib.parse.urlsplit(given if "://" in given else "//" + given)
        host, port = parts.hostname or "127.0.0.1", parts.port or 11434
    except ValueError:
        host, port = "127.0.0.1", 11434
    return "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host, port


def ollama_facts():
    """{path, version, serving, address}; serving is the version of the service that answers, or null."""
    program = find_program("ollama")
    host, port = ollama_address()
    version = None
    if program:
        match = re.search(r"version is (\S+)", run_text([program, "--version"], 5)[1])
        version = match.group(1) if match else None
    return {"path": program, "version": version, "serving": service_version(host, port),
            "address": "%s:%d" % (host, port)}


def service_version(host, port):
    """What GET /api/version says, or None."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/api/version")
        answer = connection.getresponse()
        version = json.loads(answer.read(4096).decode("utf-8")).get("version") if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return None
    finally:
        connection.close()
    return version if isinstance(version, str) else None
