"""Processor and memory."""

import contextlib
import os
import platform
import re

from slipway_host.process import run_text

CPU_FLAGS = ("avx2", "fma", "f16c", "bmi2")

# What decides how fast a processor computes a model, as /proc/cpuinfo spells it.
CPU_FEATURES = ("sse4_2", "avx", "avx2", "fma", "f16c", "bmi2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16",
                "amx_int8", "amx_bf16", "asimd", "asimddp", "i8mm", "bf16", "sve")


def cpu_facts():
    """Model, cores that this process may use, and the instructions that the wheel needs."""
    model, flags = "", None
    if platform.system() == "Linux":
        with contextlib.suppress(OSError):
            with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as source:
                for line in source:
                    key, _, value = line.partition(":")
                    key = key.strip()
                    if key == "model name" and not model:
                        model = value.strip()
                    elif key in ("flags", "Features") and flags is None:
                        flags = set(value.split())
                    if model and flags is not None:
                        break
    elif platform.system() == "Darwin":
        model = run_text(["sysctl", "-n", "machdep.cpu.brand_string"], 3)[1].strip()
        if platform.machine() == "x86_64":
            text = run_text(["sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"], 3)[1]
            flags = set(text.lower().split())
    missing = []
    if platform.machine() in ("x86_64", "AMD64") and flags:
        missing = [flag for flag in CPU_FLAGS if flag not in flags]
    return {"model": model or platform.machine(), "cores": usable_cores(), "flags_ok": not missing, "missing": missing,
            "features": [name for name in CPU_FEATURES if name in (flags or ())]}


def usable_cores():
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def memory_facts():
    """Total and available memory in bytes, within the limit of a container if there is one."""
    total = available = None
    if platform.system() == "Linux":
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open("/proc/meminfo") as source:
                fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in source}
            total, available = fields.get("MemTotal"), fields.get("MemAvailable")
        for limit_path, used_path in (
                ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
                ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes")):
            with contextlib.suppress(OSError, ValueError):
                with open(limit_path) as source:
                    limit = int(source.read())
                with open(used_path) as source:
                    used = int(source.read())
                if total is None or limit < total:
                    total, available = limit, max(0, min(available or limit, limit - used))
    elif platform.system() == "Darwin":
        with contextlib.suppress(ValueError):
            total = int(run_text(["sysctl", "-n", "hw.memsize"], 3)[1])
        page = re.search(r"page size of (\d+)", run_text(["vm_stat"], 3)[1])
        pages = re.findall(r"Pages (?:free|inactive|speculative|purgeable):\s+(\d+)", run_text(["vm_stat"], 3)[1])
        if page and pages:
            available = int(page.group(1)) * sum(int(count) for count in pages)
    return {"total_bytes": total, "available_bytes": available}
