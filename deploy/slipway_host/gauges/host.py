"""The load of the host."""

import contextlib
import os
import platform
import re
import time

from slipway_host.filesystem import disk_space
from slipway_host.probe.hardware import memory_facts, usable_cores
from slipway_host.process import run_text


def host_gauges(root):
    """{memory, disk, load1, cores, uptime_s}; null where the system does not tell."""
    return {"memory": memory_facts(), "disk": room(root), "load1": load(), "cores": usable_cores(),
            "uptime_s": uptime()}


def room(root):
    """Space of the file system that the root is or would be on."""
    try:
        found = disk_space(root)
    except OSError:
        return {"free_bytes": None, "total_bytes": None}
    return {name: found[name] for name in ("free_bytes", "total_bytes")}


def load():
    """Processes that ran or waited, over the last minute."""
    with contextlib.suppress(OSError):
        return round(os.getloadavg()[0], 2)
    return None


def uptime():
    """Whole seconds since the system was started."""
    if platform.system() == "Darwin":
        # "{ sec = 1700000000, usec = 0 } Tue …"
        match = re.search(r"sec = (\d+)", run_text(["sysctl", "-n", "kern.boottime"], 3)[1])
        return max(0, int(time.time()) - int(match.group(1))) if match else None
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/uptime") as source:
            return int(float(source.read().split()[0]))
    return None
