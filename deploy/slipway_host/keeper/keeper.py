"""Putting a supervisor into the care of systemd or launchd, and taking it out again.

The unit exists only while its server is meant to run: a stop removes it, a start writes it anew.
"""

import contextlib
import hashlib
import os
import platform
import re
import time

from slipway_host.filesystem import umask, write_file
from slipway_host.keeper.unit_text import launchd_agent, passed_environment, systemd_unit
from slipway_host.probe.program import find_program
from slipway_host.probe.services import lingers, service_facts, user_bus
from slipway_host.probe.system import user_name
from slipway_host.process import run_text
from slipway_host.wire import OUT

TIMEOUT_S = 15
KEEPERS = ("supervisor", "systemd", "launchd")


def choose(wanted):
    """Which keeper can be used: the wanted one, or for "auto" the best that the host has."""
    if wanted != "auto":
        return wanted
    facts = service_facts()
    if facts["launchd"]:
        return "launchd"
    usable = facts["systemd_user"] in ("running", "degraded", "starting", "initializing")
    # Without linger systemd would end the server with the login; the supervisor alone survives that.
    return "systemd" if usable and facts["linger"] else "supervisor"


def unit_name(layout):
    """Different roots may have deployments of one name."""
    return "slipway-%s-%s" % (layout.name, hashlib.sha256(layout.root.encode("utf-8", "replace")).hexdigest()[:8])


def unit_path(layout, keeper):
    home = os.path.expanduser("~")
    if keeper == "launchd":
        return os.path.join(home, "Library", "LaunchAgents", "app.%s.plist" % unit_name(layout))
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return os.path.join(folder, "systemd", "user", unit_name(layout) + ".service")


def enable_linger():
    """Lets the user's services outlive the login; whether they do now."""
    loginctl = find_program("loginctl")
    if loginctl and not lingers():
        status, text = run_text([loginctl, "enable-linger", user_name()], TIMEOUT_S)
        if status != 0:
            OUT.log("Linger could not be switched on: %s" % text.strip()[-200:], "warn")
    return lingers()


def start(layout, keeper, command, log):
    """Starts the command under the keeper; its pid, or None with the reason logged."""
    path = unit_path(layout, keeper)
    with umask(0o022):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    if keeper == "systemd":
        text = systemd_unit("Slipway: " + layout.name, command, passed_environment(), log).encode("utf-8")
    else:
        text = launchd_agent("app." + unit_name(layout), command, passed_environment(), log)
    write_file(path, text)
    pid = start_systemd(layout) if keeper == "systemd" else start_launchd(layout, path)
    if pid is None:
        remove(layout)
    return pid


def start_systemd(layout):
    unit = unit_name(layout) + ".service"
    for arguments in (["daemon-reload"], ["reset-failed", unit], ["enable", "--now", unit]):
        status, text = systemctl(*arguments)
        if status != 0 and arguments[0] != "reset-failed":
            OUT.log("systemd did not take the server: %s" % text.strip()[-300:], "warn")
            return None
    return wait_for_pid(lambda: systemctl("show", "--property=MainPID", unit)[1], r"MainPID=(\d+)")


def start_launchd(layout, path):
    label = "app." + unit_name(layout)
    launchctl = find_program("launchctl") or "launchctl"
    text = ""
    # Over SSH there may be no graphical session; then the user's own domain takes it.
    for domain in ("gui/%d" % os.getuid(), "user/%d" % os.getuid()):
        status, text = run_text([launchctl, "bootstrap", domain, path], TIMEOUT_S)
        if status == 0:
            target = "%s/%s" % (domain, label)
            return wait_for_pid(lambda: run_text([launchctl, "print", target], TIMEOUT_S)[1], r"\bpid = (\d+)")
    OUT.log("launchd did not take the server: %s" % text.strip()[-300:], "warn")
    return None


def wait_for_pid(ask, pattern):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        match = re.search(pattern, ask())
        if match and int(match.group(1)) > 1:
            return int(match.group(1))
        time.sleep(0.1)
    OUT.log("The server was started and has no process.", "warn")
    return None


def systemctl(*arguments):
    program = find_program("systemctl")
    if not program:
        return None, "there is no systemctl"
    return run_text([program, "--user"] + list(arguments), TIMEOUT_S, env=user_bus())


def remove(layout):
    """Ends a unit of this deployment and removes its file; whether there was one."""
    found = False
    unit = unit_name(layout)
    path = unit_path(layout, "systemd")
    if os.path.lexists(path):
        found = True
        systemctl("disable", "--now", unit + ".service")
        with contextlib.suppress(OSError):
            os.unlink(path)
        systemctl("daemon-reload")
        folder = os.path.dirname(path)
        # Empty only if nobody had units before.
        for empty in (os.path.join(folder, "default.target.wants"), folder, os.path.dirname(folder)):
            with contextlib.suppress(OSError):
                os.rmdir(empty)
    path = unit_path(layout, "launchd")
    if platform.system() == "Darwin" and os.path.lexists(path):
        found = True
        launchctl = find_program("launchctl") or "launchctl"
        for domain in ("gui/%d" % os.getuid(), "user/%d" % os.getuid()):
            run_text([launchctl, "bootout", "%s/app.%s" % (domain, unit)], TIMEOUT_S)
        with contextlib.suppress(OSError):
            os.unlink(path)
    return found
