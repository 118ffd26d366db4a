"""What an engine computes on: the processor or a graphics card, by its kind, its log or its own word."""

import re

UNKNOWN = {"used": None, "detail": ""}

LAYERS = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
DEVICE = re.compile(r"using device \S+ \((.+)\) - \d+ MiB free")
BUFFER = re.compile(r"load_tensors:\s+(\S+) (?:model )?buffer size =\s+([\d.]+) MiB")
NO_CARD = re.compile(r"no usable GPU found")
# Buffers of llama.cpp that lie in the host's memory.
HOST_BUFFER = re.compile(r"CPU|.*_Host\Z|AMX|BLAS")
VLLM_PLATFORM = re.compile(r"Automatically detected platform (\w+)|device_config=(\w+)")
# What the wheel's process prints, see xllamacpp_server.
WHEEL = re.compile(r"\[slipway\] devices: (.+)")


class DeviceWords:
    """Gathers it from the lines that an engine prints while it loads."""

    def __init__(self):
        self.layers = None
        self.cards = []
        self.buffers = []
        self.no_card = False
        self.platform = None
        self.wheel = None

    def read(self, line):
        if LAYERS.search(line):
            self.layers = tuple(map(int, LAYERS.search(line).groups()))
        elif DEVICE.search(line):
            # The name may be followed by the card's address, in brackets too.
            self.cards.append(DEVICE.search(line).group(1).split(") (")[0])
        elif BUFFER.search(line):
            self.buffers.append(BUFFER.search(line).groups())
        elif NO_CARD.search(line):
            self.no_card = True
        elif WHEEL.search(line):
            self.wheel = WHEEL.search(line).group(1)
        elif VLLM_PLATFORM.search(line):
            self.platform = next(filter(None, VLLM_PLATFORM.search(line).groups()))

    def found(self):
        """{used, detail}; the most certain of what was said."""
        if self.layers:
            detail = "%d of %d layers on a card" % self.layers
            if self.cards:
                detail += ": " + ", ".join(self.cards)
            return device("gpu" if self.layers[0] else "cpu", detail)
        if self.buffers:
            on_card = [buffer for buffer in self.buffers if not HOST_BUFFER.match(buffer[0])]
            return device("gpu" if on_card else "cpu", ", ".join("%s %s MiB" % buffer for buffer in on_card or self.buffers))
        if self.no_card:
            return device("cpu", "no usable card was found")
        if self.platform:
            return device("cpu" if self.platform == "cpu" else "gpu", self.platform)
        if self.wheel:
            kinds = [entry.partition(" ") for entry in self.wheel.split("; ")]
            used = "GPU" if any(kind == "GPU" for kind, _, _ in kinds) else "CPU"
            return device(used.lower(), ", ".join(name for kind, _, name in kinds if kind == used))
        return UNKNOWN


def device(used, detail):
    return {"used": used, "detail": detail[:300]}


def device_by_kind(engine):
    """What the kind of an engine alone tells, or None."""
    if engine["kind"] == "mlx":
        return device("gpu", "Metal")
    if engine["kind"] == "container" and engine["gpu"] == "none":
        return device("cpu", "the container has no card")
    return None
