"""The record of a run: its events in a file, one JSON object a line, written once and read by many.

The last event of an ended run is its terminal one. What is no event (a line cut by a full disk or a
power failure, an edit) is passed over by every reader.
"""

import contextlib
import json
import os
import stat
import time

TERMINAL = ("result", "error")
EVENTS = ("log", "progress") + TERMINAL
PROGRESS_INTERVAL_S = 0.25
# The interval doubles with every MiB of the record, so that a day takes about five of them.
PROGRESS_DOUBLINGS = 7
# Undoing what was begun frees a full disk; the terminal event is worth waiting for that.
TERMINAL_PATIENCE_S = 10
# Longer lines are no events.
LINE_BYTES = 8 << 20
BLOCK_BYTES = 64 << 10


class EventRecord:
    """What a run writes instead of event lines on stdout."""

    def __init__(self, path, run):
        self.run = run
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.cut = False

    def progress_interval(self):
        """Seconds from one progress event to the next."""
        return PROGRESS_INTERVAL_S * 2 ** min(PROGRESS_DOUBLINGS, os.fstat(self.descriptor).st_size >> 20)

    def write(self, event):
        """Appends an event. On a full disk it is dropped, unless it is the terminal one."""
        deadline = time.monotonic() + (TERMINAL_PATIENCE_S if event["event"] in TERMINAL else 0)
        while not self.append(event) and time.monotonic() < deadline:
            time.sleep(0.1)
        if event["event"] in TERMINAL:
            with contextlib.suppress(OSError):
                os.fsync(self.descriptor)

    def append(self, event):
        # The rest of a line that was cut stays, and ends here.
        data = (b"\n" if self.cut else b"") + event_line(event)
        try:
            while data:
                data = data[os.write(self.descriptor, data):]
        except OSError:
            self.cut = True
            return False
        self.cut = False
        return True


def event_line(event):
    # As on stdout: half a surrogate pair would be no JSON for the reader.
    return json.dumps(event, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def open_record(path, flags=os.O_RDONLY):
    """A descriptor of a record, or None if there is no regular file."""
    try:
        # A pipe in its place must not hold up whoever opens it.
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def parsed(line):
    """The event of a line, or None."""
    try:
        event = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and event.get("event") in EVENTS else None


def terminal_event(descriptor):
    """(terminal event, offset where it begins) of an ended run's record, or None."""
    size, span = os.fstat(descriptor).st_size, BLOCK_BYTES
    while True:
        start = max(0, size - span)
        position = size
        lines = os.pread(descriptor, size - start, start).split(b"\n")
        # Without its line break the last one is not whole; the first one is cut off unless it begins the file.
        position -= len(lines.pop())
        while len(lines) > (1 if start else 0):
            line = lines.pop()
            position -= len(line) + 1
            event = parsed(line)
            if event:
                return (event, position) if event["event"] in TERMINAL else None
        if start == 0 or span > LINE_BYTES:
            return None
        span *= 4


class EventReader:
    """Reads a record from an offset on, also while it grows."""

    def __init__(self, descriptor, offset):
        self.descriptor = descriptor
        # Behind the last whole line.
        self.position = offset
        self.partial = b""
        # Inside a line: what is left of it is no event.
        self.inside = offset > 0 and os.pread(descriptor, 1, offset - 1) != b"\n"

    def read(self):
        """The events of the next block, [(event, offset behind it)]; None at the end of what was written."""
        block = os.pread(self.descriptor, BLOCK_BYTES, self.position + len(self.partial))
        if not block:
            return None
        lines = (self.partial + block).split(b"\n")
        self.partial = lines.pop()
        events = []
        for line in lines:
            self.position += len(line) + 1
            event = None if self.inside else parsed(line)
            self.inside = False
            if event:
                events.append((event, self.position))
        if len(self.partial) > LINE_BYTES:
            self.position += len(self.partial)
            self.partial, self.inside = b"", True
        return events
