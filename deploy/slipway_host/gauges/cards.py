"""The graphics cards' gauges. Their tools are asked in a thread: a driver in trouble makes them hang."""

import threading
import time

from slipway_host.gauges.card_readings import amd_readings, apple_readings, nvidia_readings
from slipway_host.process import end_running, run_together

# A tool's limit and what it takes to end it.
PATIENCE_S = 5.6
# Each tool that hangs may stay in the kernel for good, so it is not asked at every turn.
PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
READERS = {"nvidia": nvidia_readings, "amd": amd_readings, "apple": apple_readings}
UNKNOWN = {"utilisation_percent": None, "memory_used_mb": None, "temperature_c": None}


class Reader:
    """The cards of one vendor as they were last told."""

    def __init__(self, read):
        self.function = read
        self.cards = []
        self.rest_until = 0.0
        self.pause = PAUSE_S

    def read(self):
        """Asks, unless the tool hung not long ago. Cards that do not answer any more stay, without their gauges."""
        if time.monotonic() < self.rest_until:
            return
        cards, hangs = self.function()
        self.cards = cards or [dict(card, **UNKNOWN) for card in self.cards]
        if hangs:
            self.rest_until = time.monotonic() + self.pause
            self.pause = min(LONGEST_PAUSE_S, self.pause * 2)
        else:
            self.pause = PAUSE_S


class Cards:
    """All cards of the host."""

    def __init__(self):
        self.readers = [Reader(function) for function in READERS.values()]
        self.thread = None

    def read(self, audience, interval):
        """The cards. A tool that is slow gets its time, but not more than the interval; then the last gauges stand."""
        if self.thread is None or not self.thread.is_alive():
            self.thread = threading.Thread(target=run_together, args=([reader.read for reader in self.readers],),
                                           daemon=True)
            self.thread.start()
            deadline = time.monotonic() + min(PATIENCE_S, interval)
            self.thread.join(0.02)
            while self.thread.is_alive() and audience.listens() and time.monotonic() < deadline:
                audience.wait(0.05)
        return [card for reader in self.readers for card in reader.cards]

    def end(self):
        """Leaves no tool behind that is still at work."""
        end_running()
