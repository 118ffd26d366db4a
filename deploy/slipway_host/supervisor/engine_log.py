"""The engine's log: bounded, with one older file."""

import os
import time

from slipway_host.units import utc_text

LOG_BYTES = 5 * 1024 * 1024


class EngineLog:
    """The engine's output in a file of bounded size; the file before it is kept as .1."""

    def __init__(self, path, limit):
        self.path = path
        self.limit = limit
        self.out = open(path, "ab", 0)
        self.size = os.fstat(self.out.fileno()).st_size

    def write(self, data):
        try:
            if self.size and self.size + len(data) > self.limit:
                self.out.close()
                os.replace(self.path, self.path + ".1")
                self.out = open(self.path, "wb", 0)
                self.size = 0
            self.out.write(data)
            self.size += len(data)
        except OSError:
            # A full disk must not take the engine down.
            if self.out.closed:
                self.out = open(os.devnull, "ab", 0)

    def note(self, text):
        self.write(("[slipway %s] %s\n" % (utc_text(time.time()), text)).encode("utf-8"))
