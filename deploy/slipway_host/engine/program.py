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
RESERVED = ("host", "port", "uds", "api-key", "api-prefix", "config", "model", "model-url", "models-dir", "models-preset",
            "alias", "served-model-name", "root-path", "path", "hf-repo", "hf-file", "hf-token", "docker-repo", "ssl-")
RESERVED_SHORT = ("m", "mu", "a", "hf", "hfr", "hff", "hft", "dr")
RESERVED_FAMILIES = ("api-key", "ssl-")


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
        if is_reserved(option):
            raise bad_param("engine.options", "without %s, which is Slipway's to set" % option.split("=")[0])
    return options


def is_reserved(option):
    """Whether an argument sets what is Slipway's to set, also by one of the spellings that engines understand."""
    dashes, name = re.match(r"(-*)([^=]*)", option).groups()
    name = name.replace("_", "-").lower()
    if dashes == "--":
        # Python's parser of arguments takes the beginning of a name for the whole.
        return name.startswith(RESERVED_FAMILIES) or any(reserved.startswith(name) for reserved in RESERVED)
    return dashes == "-" and (name in RESERVED + RESERVED_SHORT or name.startswith(RESERVED_FAMILIES))


def need_program(path):
    """Raises if a program that a version was made with is gone."""
    if not isinstance(path, str) or not os.path.isabs(path) or not os.access(path, os.X_OK):
        raise missing(path)


def missing(path):
    return Failure("engine_crashed", "The engine is damaged or gone; deploy again to repair it.",
                   detail="the engine's files are incomplete: %s" % path, reason="missing_engine", log="")
