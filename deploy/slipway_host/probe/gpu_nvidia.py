"""NVIDIA: what nvidia-smi says, and what it says when something is wrong."""

import os
import re

from slipway_host.probe.program import find_program
from slipway_host.process import NO_ANSWER, run_text, run_together

FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "driver_version")
TIMEOUT_S = 5
# What a failing nvidia-smi prints: the code of the finding.
TROUBLES = (
    ("Driver/library version mismatch", "gpu_driver_mismatch"),
    ("couldn't communicate with the NVIDIA driver", "gpu_driver_not_loaded"),
    ("No devices were found", "gpu_absent"),
    ("Failed to initialize NVML", "gpu_driver_not_loaded"),
    ("GPU is lost", "gpu_lost"),
    ("Unable to determine the device handle", "gpu_lost"),
)


def nvidia_gpus():
    """The part of gpu_report that nvidia-smi knows."""
    program = find_program("nvidia-smi")
    if not program:
        # The kernel knows the card although its tools are not there.
        present = os.path.isdir("/proc/driver/nvidia/gpus") and os.listdir("/proc/driver/nvidia/gpus")
        return {"tools": [tool("nvidia-smi", None, "gpu_tool_missing", "")]} if present else {}
    answers = {}

    def ask(name, *arguments):
        answers[name] = run_text([program] + list(arguments), TIMEOUT_S, env=dict(os.environ, LC_ALL="C"))

    style = "--format=csv,noheader,nounits"
    run_together([lambda: ask("gpus", "--query-gpu=" + ",".join(FIELDS + ("compute_cap",)), style),
                  lambda: ask("processes", "--query-compute-apps=gpu_uuid,pid,used_memory,process_name", style),
                  lambda: ask("summary")])
    status, text = answers["gpus"]
    fields = len(FIELDS) + 1
    if status not in (0, None) and "compute_cap" in text:
        # Drivers before 510 do not know the last field.
        fields = len(FIELDS)
        ask("gpus", "--query-gpu=" + ",".join(FIELDS), style)
        status, text = answers["gpus"]
    gpus = [parsed for parsed in (gpu_line(line, fields) for line in text.splitlines()) if parsed] if status == 0 else []
    if not gpus:
        return {"tools": [tool("nvidia-smi", program, trouble(status, text), text.strip()[:300])]}
    cuda = re.search(r"CUDA Version\s*:\s*(\d+\.\d+)", answers["summary"][1])
    held = answers["processes"]
    return {"gpus": gpus, "cuda": cuda.group(1) if cuda else None,
            "processes": [parsed for parsed in map(process_line, held[1].splitlines()) if parsed] if held[0] == 0 else [],
            "tools": [tool("nvidia-smi", program, None, "")]}


def tool(name, path, code, detail):
    return {"tool": name, "path": path, "ok": code is None, "code": code, "detail": detail}


def trouble(status, text):
    """The code of the finding for an answer without GPUs."""
    if status is None:
        return "gpu_tool_hangs" if text.startswith(NO_ANSWER) else "gpu_tool_failed"
    for words, code in TROUBLES:
        if words in text:
            return code
    return "gpu_tool_failed"


def gpu_line(line, fields):
    """One line of --query-gpu; None for what is none (a warning between the lines)."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != fields or not parts[0].isdigit():
        return None
    capability = known(parts[6]) if fields > 6 else None
    return {"vendor": "nvidia", "index": int(parts[0]), "uuid": known(parts[1]), "name": known(parts[2]) or "NVIDIA",
            "memory_total_mb": megabytes(parts[3]), "memory_free_mb": megabytes(parts[4]), "driver": known(parts[5]),
            "compute_capability": capability if capability and re.match(r"\d+\.\d+\Z", capability) else None,
            # On Grace and Jetson the processor's memory is used, and nvidia-smi tells none.
            "unified": megabytes(parts[3]) is None}


def process_line(line):
    """One line of --query-compute-apps; the name comes last since it may hold commas."""
    parts = [part.strip() for part in line.split(",", 3)]
    if len(parts) != 4 or not parts[1].isdigit():
        return None
    return {"pid": int(parts[1]), "name": known(parts[3]) or "?", "memory_mb": megabytes(parts[2]),
            "gpu_uuid": known(parts[0])}


def known(text):
    """None for nvidia-smi's many ways to say that it does not know."""
    return None if re.match(r"\[?(N/A|Not Supported|Not Found|Unknown Error|GPU is lost|ERR!|Insufficient Permissions)",
                            text) or not text else text


def megabytes(text):
    """"24564" or "24564 MiB" as a number, else None."""
    match = re.match(r"(\d+)(\s*MiB)?\Z", text)
    return int(match.group(1)) if match else None
