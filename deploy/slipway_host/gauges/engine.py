"""The engine as it is now, and the memory that it holds."""

import contextlib
import os
import sys

from slipway_host.filesystem import read_json
from slipway_host.process import run_text
from slipway_host.status import running_state


def engine_gauges(layout):
    """{state, pid, memory_bytes, restarts, since}; memory_bytes is null where the engine computes elsewhere."""
    state = running_state(layout)
    pid = state["engine_pid"]
    engine = ((read_json(layout.launch) or {}).get("manifest") or {}).get("engine") or {}
    # What runs here is only a guard of these.
    elsewhere = engine.get("kind") == "container" or engine.get("source") == "service"
    return {"state": state["state"], "pid": pid, "restarts": state["restarts"], "since": state["since"],
            "memory_bytes": resident_bytes(pid) if pid and not elsewhere else None}


def resident_bytes(pid):
    """Resident memory of a process and all that it started; None if it is gone. Shared pages count for each."""
    known = linux_processes() if sys.platform.startswith("linux") else other_processes()
    if pid not in known:
        return None
    children = {}
    for child, (parent, _) in known.items():
        children.setdefault(parent, []).append(child)
    total, family = 0, [pid]
    while family:
        member = family.pop()
        total += known[member][1]
        family += children.get(member, [])
    return total


def linux_processes():
    """{pid: (pid of the parent, resident bytes)}."""
    page = os.sysconf("SC_PAGE_SIZE")
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                with open("/proc/%s/stat" % name, "rb") as source:
                    # The command may hold spaces and brackets: the fields begin after the last ")".
                    fields = source.read().rpartition(b")")[2].split()
                found[int(name)] = int(fields[1]), int(fields[21]) * page
    return found


def other_processes():
    """The same through ps, which tells kibibytes."""
    found = {}
    for line in run_text(["ps", "-axo", "pid=,ppid=,rss="], 5)[1].splitlines():
        words = line.split()
        if len(words) == 3 and all(word.isdigit() for word in words):
            found[int(words[0])] = int(words[1]), int(words[2]) * 1024
    return found
