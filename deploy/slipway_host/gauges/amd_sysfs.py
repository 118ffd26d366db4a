"""AMD cards as the kernel's driver tells of them in files (amdgpu, Documentation/gpu/amdgpu/thermal.rst)."""

import contextlib
import glob
import os
import re

from slipway_host.probe.gpu_amd import amd_gpus

FOLDER = "/sys/class/drm"
VENDOR = "0x1002"
# The market names by the cards' addresses; the kernel knows them of few cards, so a tool is asked once.
NAMES = {}


def sysfs_cards():
    """[{index, name, utilisation, used, total, temperature}] in the order of their PCI addresses."""
    devices = {}
    for path in glob.glob(os.path.join(FOLDER, "card*")):
        device = os.path.realpath(os.path.join(path, "device"))
        if re.match(r"card\d+\Z", os.path.basename(path)) and text_in(device, "vendor") == VENDOR \
                and number_in(device, "mem_info_vram_total") is not None:
            devices[os.path.basename(device)] = device
    addresses = sorted(devices)
    if addresses and addresses != sorted(NAMES):
        name_cards(addresses, devices)
    return [dict(card(devices[address]), index=index, name=NAMES[address]) for index, address in enumerate(addresses)]


def name_cards(addresses, devices):
    told = [gpu["name"] for gpu in amd_gpus().get("gpus", [])]
    NAMES.clear()
    for index, address in enumerate(addresses):
        # The tools list the cards in the same order; a different number of them tells nothing.
        by_tool = told[index] if len(told) == len(addresses) else None
        NAMES[address] = text_in(devices[address], "product_name") or by_tool or "AMD"


def card(device):
    used, total = (mebibytes_in(device, "mem_info_vram_" + name) for name in ("used", "total"))
    heat = None
    # The first sensor is the card's edge; where there is none, the hottest spot's comes next.
    for path in sorted(glob.glob(os.path.join(glob.escape(device), "hwmon", "hwmon*", "temp*_input"))):
        heat = number_in(*os.path.split(path))
        if heat is not None:
            break
    return {"utilisation": number_in(device, "gpu_busy_percent"), "used": used, "total": total,
            "temperature": None if heat is None else int(round(heat / 1000))}


def text_in(folder, name):
    """The content of a small file, or None. A card that sleeps or is lost refuses to be read."""
    with contextlib.suppress(OSError):
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as source:
            return source.read(200).strip()
    return None


def number_in(folder, name):
    text = text_in(folder, name)
    return int(text) if text and re.match(r"\d+\Z", text) else None


def mebibytes_in(folder, name):
    count = number_in(folder, name)
    return None if count is None else count // 2 ** 20
