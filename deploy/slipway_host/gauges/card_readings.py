"""What the tools of each vendor say of a card at one moment: (cards, whether a tool hangs)."""

import os
import re

from slipway_host.gauges.amd_sysfs import sysfs_cards
from slipway_host.probe.gpu import apple_gpus
from slipway_host.probe.gpu_amd import entries, json_of, mebibytes, section, text_of
from slipway_host.probe.gpu_nvidia import TIMEOUT_S, known, megabytes
from slipway_host.probe.program import find_program
from slipway_host.process import NO_ANSWER, run_text

NVIDIA_FIELDS = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu"


def reading(vendor, index, name, utilisation, used, total, temperature):
    return {"index": index, "vendor": vendor, "name": name, "utilisation_percent": utilisation,
            "memory_used_mb": used, "memory_total_mb": total, "temperature_c": temperature}


def nvidia_readings():
    program = find_program("nvidia-smi")
    if not program:
        return [], False
    status, text = run_text([program, "--query-gpu=" + NVIDIA_FIELDS, "--format=csv,noheader,nounits"], TIMEOUT_S,
                            env=dict(os.environ, LC_ALL="C"))
    if status is None:
        return [], text.startswith(NO_ANSWER)
    lines = [nvidia_line(line) for line in text.splitlines()] if status == 0 else []
    return [card for card in lines if card], False


def nvidia_line(line):
    """One line of the table; None for what is none (a warning between the lines)."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 6 or not parts[0].isdigit():
        return None
    return reading("nvidia", int(parts[0]), known(parts[1]) or "NVIDIA", whole(parts[2]), megabytes(parts[3]),
                   megabytes(parts[4]), whole(parts[5]))


def amd_readings():
    """From the kernel where it tells: AMD's tools are Python programs that take half a second of a core."""
    cards = sysfs_cards()
    if cards:
        return [reading("amd", **card) for card in cards], False
    hangs = False
    for name, function in (("amd-smi", amd_smi), ("rocm-smi", rocm_smi)):
        program = find_program(name)
        if program:
            cards, detail = function(program)
            if cards:
                return cards, False
            hangs = hangs or detail.startswith(NO_ANSWER)
    return [], hangs


def amd_smi(program):
    found, detail = json_of([program, "metric", "--usage", "--mem-usage", "--temperature", "--json"])
    cards = []
    for entry in entries(found):
        memory, temperature = section(entry, "mem_usage"), section(entry, "temperature")
        cards.append(reading("amd", entry.get("gpu") if isinstance(entry.get("gpu"), int) else None, "AMD",
                             whole(section(entry, "usage").get("gfx_activity")), mebibytes(memory.get("used_vram")),
                             mebibytes(memory.get("total_vram")),
                             first(whole(temperature.get(name)) for name in ("edge", "hotspot", "mem"))))
    return cards, detail


def rocm_smi(program):
    found, detail = json_of([program, "--showproductname", "--showuse", "--showtemp", "--showmeminfo", "vram", "--json"])
    cards = []
    for key in sorted(found if isinstance(found, dict) else ()):
        number = re.match(r"card(\d+)\Z", key)
        if number:
            card = section(found, key)
            total, used = (whole(text_of(card, "vram total %smemory (b)" % word)) for word in ("", "used "))
            cards.append(reading(
                "amd", int(number.group(1)), text_of(card, "card series", "card model") or "AMD",
                whole(text_of(card, "gpu use (%)")), None if used is None else used // 2 ** 20,
                None if total is None else total // 2 ** 20,
                first(whole(text_of(card, "temperature (sensor %s) (c)" % name)) for name in ("edge", "junction"))))
    return cards, detail


def apple_readings():
    """Apple's system tells no more than the memory that the card shares with the processor."""
    return [reading("apple", gpu["index"], gpu["name"], None,
                    gpu["memory_total_mb"] - gpu["memory_free_mb"] if gpu["memory_free_mb"] is not None else None,
                    gpu["memory_total_mb"], None) for gpu in apple_gpus()], False


def whole(value):
    """"42", "42.0", 42 or {"value": 42, "unit": "%"} as a whole number, else None."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str) and re.match(r"\d+(\.\d+)?\Z", value):
        value = float(value)
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else int(round(value))


def first(values):
    return next((value for value in values if value is not None), None)
