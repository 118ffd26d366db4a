"""Engines that are programs of their own: how the engine process becomes one, and what may be given."""

import os
import re
import signal
import subprocess
import sys

from slipway_host.fault import Failure
from slipway_host.guard import die_with_pipe
from slipway_host.params import bad_param

# What says where an engine listens, who may ask it, and what it serves is not the caller's to change.
RESERVED = re.compile(r"--?(host|port|uds|api[-_]key.*|config|model|alias|served[-_]model[-_]name|ssl[-_].*|root[-_]path)"
                      r"(=.*)?\Z")


def become(params, arguments, environment=None):
    """Runs the program: this process becomes it, or, without prctl, stays as its guard."""
    variables = dict(os.environ, **(environment or {}))
    if params["watch"] == "prctl":
        os.execve(arguments[0], arguments, variables)
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, env=variables)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    die_with_pipe(params["watch_fd"], child.kill)
    status = child.wait()
    sys.exit(status if status >= 0 else 128 - status)


def option_list(engine):
    """engine.options: further arguments for the engine's command line, none of them reserved."""
    options = engine.get("options") or []
    if not isinstance(options, list) or len(options) > 64:
        raise bad_param("engine.options", "a list of at most 64 arguments")
    for option in options:
        if not isinstance(option, str) or not 0 < len(option) <= 500 or re.search(r"[\x00-\x1f]", option):
            raise bad_param("engine.options", "a list of lines of text")
        if RESERVED.match(option):
            raise bad_param("engine.options", "without %s, which is Slipway's to set" % option.split("=")[0])
    return options


def need_program(path):
    """Raises if a program that a version was made with is gone."""
    if not isinstance(path, str) or not os.path.isabs(path) or not os.access(path, os.X_OK):
        raise missing(path)


def missing(path):
    return Failure("engine_crashed", "The engine is damaged or gone; deploy again to repair it.",
                   detail="the engine's files are incomplete: %s" % path, reason="missing_engine", log="")
