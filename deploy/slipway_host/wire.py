"""What the caller reads: event lines between markers on stdout; what it sends: signals."""

import contextlib
import json
import os
import select
import signal
import sys
import time

from slipway_host.fault import Cancelled

PROGRESS_INTERVAL_S = 0.2


class Channel:
    """Writes event lines to stdout. A closed stdout is remembered, never an exception here.

    In the process of a run they go into its record instead, and nobody has to listen.
    """

    def __init__(self):
        self.marker = ""
        self.record = None
        self.gone = False
        self.finish = False
        self.fresh_line = False
        self.last_progress = 0.0

    def emit(self, event):
        if self.record:
            self.record.write(event)
            return
        text = self.marker + json.dumps(event, sort_keys=True, ensure_ascii=False) + self.marker + "\n"
        if not self.fresh_line:
            # A banner may have left its last line open.
            text = "\n" + text
            self.fresh_line = True
        # Names of files need not be text; half a surrogate pair would be no JSON for the reader.
        data = text.encode("utf-8", "replace")
        while data and not self.gone:
            try:
                data = data[os.write(1, data):]
            except BlockingIOError:
                select.select([], [1], [], 1.0)
            except OSError:
                self.gone = True

    def closed(self):
        """Whether the reader of stdout has gone, noticed without writing."""
        # Elsewhere poll may take a closed stdin for the end of both; there the next write will tell.
        if not self.gone and not self.record and sys.platform.startswith("linux"):
            poll = select.poll()
            poll.register(1, 0)
            lost = select.POLLERR | select.POLLHUP | select.POLLNVAL
            with contextlib.suppress(OSError):
                self.gone = any(flags & lost for _, flags in poll.poll(0))
        return self.gone

    def log(self, text, level="info"):
        self.emit({"event": "log", "level": level, "text": text})

    def progress(self, stage, text, done, total=None, force=False):
        now = time.monotonic()
        interval = self.record.progress_interval() if self.record else PROGRESS_INTERVAL_S
        if force or now - self.last_progress >= interval:
            self.last_progress = now
            self.emit({"event": "progress", "stage": stage, "text": text,
                       "done": int(done), "total": None if total is None else int(total)})
        self.check()

    def check(self):
        """Raises Cancelled when nobody listens any more, unless the work has to be finished."""
        if not self.finish and self.closed():
            raise Cancelled(resume=True)


OUT = Channel()


def handle_signals():
    """SIGTERM, SIGINT and SIGHUP raise Cancelled, once: clean-up must not be interrupted."""
    # A run has no link that it could lose.
    names = (signal.SIGTERM, signal.SIGINT) + (() if OUT.record else (signal.SIGHUP,))

    def cancel(number, _frame):
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise Cancelled(resume=number == signal.SIGHUP)

    for name in names:
        signal.signal(name, cancel)


def ignore_signals():
    """For what is short and has to be finished: stop, uninstall, the terminal event."""
    OUT.finish = True
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
