"""Following the engine's log: its last lines, then each new one, across the rotation."""

import os
import re

LONGEST_LINE = 8192
# How much is read for each of the last lines.
ROOM_PER_LINE = 2048
BLOCK = 64 * 1024
# A carriage return alone ends a line too, as in the bars of a download; at the end of what was read it
# may still be the first half of a line's end.
LINE_END = re.compile(rb"\r?\n|\r(?!\n)(?!\Z)")


class Lines:
    """Puts whole lines together from pieces of bytes; each is cut at LONGEST_LINE."""

    def __init__(self):
        self.half = b""

    def feed(self, data):
        """The lines, as text, that these bytes complete."""
        parts = LINE_END.split(self.half + data)
        # What is cut off later need not be kept, but how it ends decides about the next byte.
        half = parts.pop()
        self.half = half if len(half) <= LONGEST_LINE + 1 else half[:LONGEST_LINE] + half[-1:]
        return [part[:LONGEST_LINE].decode("utf-8", "replace") for part in parts]


class LogFollower:
    """Reads a log that is rotated by renaming it to PATH.1 and beginning PATH anew."""

    def __init__(self, path):
        self.path = path
        self.source = None
        self.lines = Lines()

    def close(self):
        if self.source:
            self.source.close()

    def last(self, count):
        """The last whole lines of the log and the file before it; what is new comes after these."""
        self.source, before = self.open_both()
        found = []
        for source in (before, self.source):
            if source:
                found += self.read_end(source, count)
        if before:
            before.close()
        return found[-count:]

    def read_end(self, source, count):
        """The last lines of one file: so many at least, if they are not very long."""
        start = max(0, os.fstat(source.fileno()).st_size - count * ROOM_PER_LINE)
        if start == 0:
            return self.read(source)
        self.lines = Lines()
        source.seek(start)
        # The first one has lost its beginning.
        return self.read(source)[1:]

    def open_both(self):
        """(the log, the file before it), opened so that no rotation lies between them; None where there is none."""
        while True:
            current, before = opened(self.path), opened(self.path + ".1")
            if not same(current, before):
                return current, before
            current.close()
            before.close()

    def new(self):
        """The lines that were completed since the last question."""
        found = self.read(self.source) if self.source else []
        if self.source and os.fstat(self.source.fileno()).st_size < self.source.tell():
            # Somebody emptied the file.
            self.source.seek(0)
            found += self.read(self.source)
        if not self.source or not is_at(self.source, self.path):
            current, before = self.open_both()
            if current is None:
                # Between the renaming and the new beginning, or nothing has run yet.
                if before:
                    before.close()
                return found
            if self.source:
                found += self.read(self.source)
                if before and not same(before, self.source):
                    # Rotated more than once since the last question.
                    found += self.read(before)
                self.source.close()
            if before:
                before.close()
            self.source = current
            found += self.read(current)
        return found

    def read(self, source):
        found = []
        while True:
            data = source.read(BLOCK)
            if not data:
                return found
            found += self.lines.feed(data)


def opened(path):
    """The file, unbuffered, or None."""
    try:
        return open(path, "rb", 0)
    except OSError:
        return None


def same(one, other):
    """Whether two open files are one."""
    return one is not None and other is not None and os.path.sameopenfile(one.fileno(), other.fileno())


def is_at(source, path):
    """Whether an open file is the one that is at the path now."""
    try:
        return os.path.samestat(os.fstat(source.fileno()), os.stat(path))
    except OSError:
        return False
