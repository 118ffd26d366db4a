"""What can keep a server alive: a systemd of the user's own, launchd; and what may end it."""

import os
import platform
import re

from slipway_host.probe.program import find_program
from slipway_host.probe.system import user_name
from slipway_host.process import run_text

TIMEOUT_S = 5


def service_facts():
    """{systemd_user, linger, kill_user_processes, launchd}.

    systemd_user  running, degraded or starting: usable; offline, unreachable: not; null: no systemd
    linger        whether the user's services outlive the last login; null: not known
    launchd       whether agents of the user can be kept by launchd (macOS)
    """
    facts = {"systemd_user": None, "linger": None, "kill_user_processes": None,
             "launchd": platform.system() == "Darwin" and find_program("launchctl") is not None}
    systemctl = find_program("systemctl")
    # The program may be there in a container whose first process is not systemd.
    if systemctl and os.path.isdir("/run/systemd/system"):
        environment = user_bus()
        status, text = run_text([systemctl, "--user", "is-system-running"], TIMEOUT_S, env=environment)
        word = text.strip().splitlines()[-1].strip() if text.strip() else ""
        usable = word in ("running", "degraded", "starting", "initializing", "maintenance")
        facts["systemd_user"] = word if usable else "offline" if word == "offline" else "unreachable"
        facts["linger"] = lingers()
        facts["kill_user_processes"] = kills_user_processes()
    return facts


def user_bus():
    """The environment that systemctl --user needs; a command over SSH may lack it."""
    return dict({"XDG_RUNTIME_DIR": "/run/user/%d" % os.getuid()}, **dict(os.environ, LC_ALL="C"))


def lingers():
    """True, False, or None where logind does not answer."""
    if os.path.exists(os.path.join("/var/lib/systemd/linger", user_name())):
        return True
    loginctl = find_program("loginctl")
    if not loginctl:
        return None
    text = run_text([loginctl, "show-user", user_name(), "--property=Linger"], TIMEOUT_S)[1]
    match = re.search(r"^Linger=(yes|no)$", text, re.MULTILINE)
    return match.group(1) == "yes" if match else None


def kills_user_processes():
    """Whether logind ends what a user left running; None where it does not answer."""
    busctl = find_program("busctl")
    if not busctl:
        return None
    text = run_text([busctl, "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                     "org.freedesktop.login1.Manager", "KillUserProcesses"], TIMEOUT_S)[1]
    match = re.match(r"b (true|false)\s*\Z", text)
    return match.group(1) == "true" if match else None
