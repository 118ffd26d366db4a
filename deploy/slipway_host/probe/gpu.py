"""Graphics processors of every vendor in one form."""

import platform
import re

from slipway_host.probe.gpu_amd import amd_gpus
from slipway_host.probe.gpu_nvidia import nvidia_gpus
from slipway_host.probe.hardware import memory_facts
from slipway_host.process import run_text, run_together


def gpu_report():
    """{gpus, processes, tools, cuda}: what nvidia-smi, amd-smi or rocm-smi and Apple's system say.

    gpus       vendor (nvidia, amd, apple), index, uuid, name, memory_total_mb, memory_free_mb,
               driver, compute_capability ("8.9", "gfx942"), unified (memory shared with the
               processor); null where the tool does not tell
    processes  those that hold GPU memory: pid, name, memory_mb, gpu_uuid
    tools      tool, path, ok, code (of the finding when not ok), detail
    cuda       the newest CUDA that the NVIDIA driver serves, or null
    """
    report = {"gpus": [], "processes": [], "tools": [], "cuda": None}
    parts = {}
    run_together([lambda: parts.update(nvidia=nvidia_gpus()), lambda: parts.update(amd=amd_gpus()),
                  lambda: parts.update(apple={"gpus": apple_gpus()})])
    for vendor in ("nvidia", "amd", "apple"):
        part = parts[vendor]
        for key in ("gpus", "processes", "tools"):
            report[key] += part.get(key, [])
        report["cuda"] = report["cuda"] or part.get("cuda")
    return report


def gpu_facts():
    """The graphics processors alone."""
    return gpu_report()["gpus"]


def apple_gpus():
    """Apple silicon: the processor and its graphics share one memory."""
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return []
    name = run_text(["sysctl", "-n", "machdep.cpu.brand_string"], 3)[1].strip()
    memory = memory_facts()
    total, free = memory["total_bytes"], memory["available_bytes"]
    limit = re.match(r"(\d+)", run_text(["sysctl", "-n", "iogpu.wired_limit_mb"], 3)[1])
    total_mb = total // 2 ** 20 if total else None
    # The system lets graphics have about three quarters unless the user raised the limit.
    share = int(limit.group(1)) if limit and int(limit.group(1)) else total_mb and total_mb * 3 // 4
    return [{"vendor": "apple", "index": 0, "uuid": None, "name": name or "Apple", "memory_total_mb": share,
             "memory_free_mb": min(share, free // 2 ** 20) if share and free else None, "driver": "Metal",
             "compute_capability": None, "unified": True}]
