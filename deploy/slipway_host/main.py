"""Reads the command line, runs one subcommand, ends with one terminal event."""

import importlib
import os
import re
import sys
import traceback

from slipway_host.fault import Cancelled, Failure
from slipway_host.layout import Layout
from slipway_host.params import bad_param, read_params
from slipway_host.probe.python import MINIMUM_PYTHON, newer_python
from slipway_host.probe.system import python_fix
from slipway_host.units import version_text
from slipway_host.wire import OUT, ignore_signals

# Subcommand: where it is. Each is imported only when it runs, so that none waits for the others.
COMMANDS = {
    "probe": ("slipway_host.probe.report", "command_probe"),
    "install": ("slipway_host.commands.install", "command_install"),
    "start": ("slipway_host.commands.start", "command_start"),
    "stop": ("slipway_host.commands.remove", "command_stop"),
    "status": ("slipway_host.commands.inspect", "command_status"),
    "logs": ("slipway_host.commands.inspect", "command_logs"),
    "uninstall": ("slipway_host.commands.remove", "command_uninstall"),
    "versions": ("slipway_host.commands.versions", "command_versions"),
    "commit": ("slipway_host.commands.versions", "command_commit"),
    "rollback": ("slipway_host.commands.rollback", "command_rollback"),
    "hub": ("slipway_host.model.hub_listing", "command_hub"),
    "fit": ("slipway_host.model.fit", "command_fit"),
    "clean": ("slipway_host.commands.clean", "command_clean"),
    "cancel": ("slipway_host.commands.cancel", "command_cancel"),
    "watch": ("slipway_host.commands.watch", "command_watch"),
    "listen": ("slipway_host.commands.listen", "command_listen"),
}
INTERNAL = {
    "supervise": ("slipway_host.supervisor.supervisor", "command_supervise"),
    "serve": ("slipway_host.serve", "command_serve"),
    "work": ("slipway_host.runs.launch", "command_work"),
}
# A subcommand with the parameter "run" is done by a process of its own, which this one follows.
FOLLOWED = {"run": ("slipway_host.runs.follower", "follow")}
CANCELLED = {"event": "error", "code": "cancelled", "message": "Cancelled.", "params": {}}


def command(table, name):
    """The function of a subcommand."""
    module, function = table[name]
    return getattr(importlib.import_module(module), function)


def run_command(arguments):
    """The terminal event of a subcommand; None if the caller went away and the work goes on without it."""
    if not arguments or arguments[0] not in COMMANDS:
        raise Failure("script_failed", "Unknown subcommand %s; known are %s."
                      % (arguments[0] if arguments else "(none)", ", ".join(sorted(COMMANDS))), detail="usage")
    params = read_params(arguments[1:])
    marker = params.get("marker")
    if not isinstance(marker, str) or not re.match(r"[0-9A-Za-z_-]{8,128}\Z", marker):
        raise bad_param("marker", "8 to 128 characters of [0-9A-Za-z_-]")
    OUT.marker = marker
    if sys.version_info < MINIMUM_PYTHON:
        raise Failure("python_too_old", "The host has Python %s; Slipway needs %s or newer."
                      % (version_text(sys.version_info[:3]), version_text(MINIMUM_PYTHON)),
                      found=version_text(sys.version_info[:3]), needed=version_text(MINIMUM_PYTHON),
                      alternative=newer_python(Layout(params).python), fix=python_fix())
    if params.get("run") is not None and arguments[0] != "cancel":
        return command(FOLLOWED, "run")(arguments[0], params)
    return {"event": "result", "data": command(COMMANDS, arguments[0])(params)}


def outcome(work):
    """What work gives, or the error event that it ended with."""
    try:
        return work()
    except Failure as failure:
        return {"event": "error", "code": failure.code, "message": str(failure), "params": failure.params}
    except (Cancelled, KeyboardInterrupt):
        return CANCELLED
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            OUT.log(line, "error")
        return {"event": "error", "code": "script_failed",
                "message": "The script on the host failed: %s" % error, "params": {"detail": repr(error)}}


def completed(work):
    """As outcome; from its end on no signal keeps the terminal event from being told."""
    try:
        event = outcome(work)
        ignore_signals()
        return event
    except Cancelled:
        # A signal after the work was done, while its result was being put together.
        return CANCELLED


def main():
    os.umask(0o077)
    arguments = sys.argv[1:]
    if arguments and arguments[0] in INTERNAL:
        command(INTERNAL, arguments[0])(read_params(arguments[1:]))
        return 0
    event = completed(lambda: run_command(arguments))
    if event is None:
        return 1
    OUT.emit(event)
    return 0 if event["event"] == "result" else 1
