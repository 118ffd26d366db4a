"""Docker and Podman: whether they are there and may be used without becoming root."""

import json

from slipway_host.probe.program import find_program
from slipway_host.process import NO_ANSWER, run_text, run_together

TIMEOUT_S = 5


def container_facts():
    """[{tool, path, version, usable, rootless, gpu, reason, detail}] of docker and podman.

    reason  why it is not usable: denied (the user may not talk to the daemon), not_running, hangs,
            failed; null when usable
    gpu     whether it is set up to hand NVIDIA cards over; null: not known
    """
    found = {}
    run_together([lambda name=name: found.update({name: ask(name)}) for name in ("docker", "podman")])
    return [found[name] for name in ("docker", "podman") if found[name]]


def ask(name):
    program = find_program(name)
    if not program:
        return None
    status, text = run_text([program, "info", "--format", "{{json .}}"], TIMEOUT_S)
    facts = {"tool": name, "path": program, "version": None, "usable": False, "rootless": None, "gpu": None,
             "reason": None, "detail": ""}
    info = last_object(text) if status == 0 else None
    errors = info.get("ServerErrors") if info else None
    if info is None or errors:
        detail = "; ".join(map(str, errors)) if errors else text.strip()
        return dict(facts, reason=reason_of(status, detail), detail=detail[-300:])
    if name == "podman":
        host, version = part(info, "host"), part(info, "version")
        # Podman hands cards over through CDI, which its info does not tell.
        return dict(facts, usable=True, version=version.get("Version"), rootless=part(host, "security").get("rootless"))
    options = info.get("SecurityOptions")
    return dict(facts, usable=True, version=info.get("ServerVersion"),
                rootless=any("rootless" in str(option) for option in options) if isinstance(options, list) else None,
                gpu="nvidia" in part(info, "Runtimes"))


def part(value, name):
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def last_object(text):
    """The JSON object among warnings, or None."""
    for line in reversed(text.splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return None


def reason_of(status, detail):
    if status is None and detail.startswith(NO_ANSWER):
        return "hangs"
    if "permission denied" in detail.lower():
        return "denied"
    if "Cannot connect" in detail or "Is the docker daemon running" in detail or "connection refused" in detail.lower():
        return "not_running"
    return "failed"
