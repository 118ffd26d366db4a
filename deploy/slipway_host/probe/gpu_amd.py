"""AMD: amd-smi (ROCm 6 and later), else rocm-smi; both print JSON, in shapes that differ by version."""

import json
import os
import re

from slipway_host.probe.gpu_nvidia import TIMEOUT_S, tool
from slipway_host.probe.program import find_program
from slipway_host.process import NO_ANSWER, run_text, run_together


def amd_gpus():
    """The part of gpu_report that AMD's tools know. Both are asked at once: each may hang."""
    answers = {}

    def ask(name, function):
        program = find_program(name)
        if program:
            answers[name] = (program,) + function(program)

    run_together([lambda: ask("amd-smi", ask_amd_smi), lambda: ask("rocm-smi", ask_rocm_smi)])
    tools = []
    for name in ("amd-smi", "rocm-smi"):
        if name not in answers:
            continue
        program, gpus, detail = answers[name]
        if gpus:
            return {"gpus": gpus, "tools": tools + [tool(name, program, None, "")]}
        code = "gpu_tool_hangs" if detail.startswith(NO_ANSWER) else "gpu_tool_failed"
        tools.append(tool(name, program, code, detail.strip()[:300]))
    return {"tools": tools}


def json_of(command):
    """(the JSON that a tool prints, ""), or (None, what it said). Warnings may go before it."""
    status, text = run_text(command, TIMEOUT_S, env=dict(os.environ, LC_ALL="C"))
    if status is None:
        return None, text
    start = min((text.find(mark) for mark in "[{" if mark in text), default=-1)
    while start >= 0:
        try:
            return json.JSONDecoder().raw_decode(text, start)[0], ""
        except ValueError:
            # A warning may have brackets of its own.
            later = [text.find(mark, start + 1) for mark in "[{" if text.find(mark, start + 1) > 0]
            start = min(later, default=-1)
    return None, text


def ask_amd_smi(program):
    """Static facts and memory use are two commands; a list, or from ROCm 7 {"gpu_data": list}."""
    answers = {}
    run_together([lambda: answers.update(static=json_of([program, "static", "--json"])),
                  lambda: answers.update(metric=json_of([program, "metric", "--mem-usage", "--json"]))])
    (static, detail), (metric, _) = answers["static"], answers["metric"]
    memory = {entry.get("gpu"): entry.get("mem_usage") or {} for entry in entries(metric)}
    gpus = []
    for entry in entries(static):
        asic, driver, vram = (section(entry, name) for name in ("asic", "driver", "vram"))
        usage = memory.get(entry.get("gpu"))
        usage = usage if isinstance(usage, dict) else {}
        total = mebibytes(usage.get("total_vram")) or mebibytes(vram.get("size"))
        free, used = mebibytes(usage.get("free_vram")), mebibytes(usage.get("used_vram"))
        if free is None and total is not None and used is not None:
            free = max(0, total - used)
        gpus.append(amd_gpu(entry.get("gpu"), text_of(asic, "market_name"), total, free,
                            text_of(driver, "version", "driver_version"), text_of(asic, "target_graphics_version"),
                            text_of(asic, "asic_serial")))
    return gpus, detail


def entries(value):
    value = value.get("gpu_data") if isinstance(value, dict) else value
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def section(entry, name):
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def mebibytes(value):
    """{"value": 196592, "unit": "MB"} or a bare number, which is MB too; amd-smi's MB are MiB."""
    unit = "MB"
    if isinstance(value, dict):
        value, unit = value.get("value"), value.get("unit")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value * {"GB": 1024, "B": 1 / 2 ** 20}.get(unit, 1))


def ask_rocm_smi(program):
    """{"card0": {...}, "system": {...}}; the keys' capitals changed between versions."""
    found, detail = json_of([program, "--showproductname", "--showmeminfo", "vram", "--showdriverversion", "--json"])
    cards = found if isinstance(found, dict) else {}
    driver = text_of(section(cards, "system"), "driver version")
    gpus = []
    for key in sorted(cards):
        number = re.match(r"card(\d+)\Z", key)
        if not number:
            continue
        card = section(cards, key)
        total, used = (text_of(card, "vram total %smemory (b)" % word) for word in ("", "used "))
        total = int(total) if total and total.isdigit() else None
        used = int(used) if used and used.isdigit() else None
        gpus.append(amd_gpu(int(number.group(1)), text_of(card, "card series", "card model"),
                            total // 2 ** 20 if total else None,
                            max(0, total - used) // 2 ** 20 if total and used is not None else None,
                            driver, text_of(card, "gfx version"), None))
    return gpus, detail


def text_of(values, *names):
    """The first of these keys that holds a text, whatever its capitals; N/A is none."""
    lower = {str(key).lower(): value for key, value in values.items()}
    for name in names:
        value = lower.get(name)
        if isinstance(value, (str, int)) and str(value) not in ("", "N/A"):
            return str(value)
    return None


def amd_gpu(index, name, total, free, driver, capability, uuid):
    return {"vendor": "amd", "index": index if isinstance(index, int) else None, "uuid": uuid, "name": name or "AMD",
            "memory_total_mb": total, "memory_free_mb": free, "driver": driver, "compute_capability": capability,
            "unified": False}
