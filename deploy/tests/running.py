"""A run of the script that goes on: its events as they come, and its end."""

import json
import queue
import signal
import threading
import time

from script_case import MARKER, Run


class Running:
    """Reads a process's stdout in a thread, so that a test waits for an event and never for good."""

    def __init__(self, process):
        self.process = process
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode("utf-8").rstrip("\n"))
        self.lines.put(None)

    def event(self, name, seconds=20.0):
        """The next event, which has to be of this name."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError("no %s within %g s" % (name, seconds))
            if line is None:
                raise AssertionError("the run ended without another " + name)
            if line.startswith(MARKER):
                event = json.loads(line[len(MARKER):-len(MARKER)])
                if event["event"] != name:
                    raise AssertionError("%s came instead of %s" % (event, name))
                return event

    def silent(self, seconds):
        """Whether nothing comes for this long."""
        try:
            return not self.lines.get(timeout=seconds)
        except queue.Empty:
            return True

    def rest(self, seconds=10.0):
        """The rest of the run, which has to end by itself."""
        begun = time.monotonic()
        status = self.process.wait(seconds)
        self.thread.join(seconds)
        lines = []
        while not self.lines.empty():
            lines.append(self.lines.get() or "")
        return Run("\n".join(lines), status, time.monotonic() - begun)

    def end(self, number=signal.SIGTERM):
        """Sends a signal; the rest of the run."""
        self.process.send_signal(number)
        return self.rest()
