"""The folder of one run: who works in it, and how it ended.

    ROOT/runs/ID/state.json     what the run is, written by who begins it and by the run itself, alike
                 params.json    its parameters, until the run has read them
                 events.jsonl   its events; the terminal one says how it ended
                 output.log     what its process printed beside them: nothing, unless it broke down
"""

import contextlib
import os
import re
import signal
import stat
import time

from slipway_host.fault import Failure
from slipway_host.filesystem import read_json, write_json
from slipway_host.process import is_running, signal_process, wait_gone
from slipway_host.runs.record import event_line, open_record, terminal_event

ID = re.compile(r"[0-9A-Za-z-]{8,64}\Z")
# From the folder to its process it is a moment; then whoever was to start it has died.
BIRTH_S = 10
CANCEL_GRACE_S = 20


class RunFolder:
    """One run, by its id. Its files may have been edited: nothing in them is trusted."""

    def __init__(self, layout, run):
        self.run = run
        self.path = os.path.join(layout.runs, run)
        self.state = os.path.join(self.path, "state.json")
        self.params = os.path.join(self.path, "params.json")
        self.events = os.path.join(self.path, "events.jsonl")
        self.output = os.path.join(self.path, "output.log")

    def exists(self):
        """Whether there is a run of this id; a Failure if something else is in its place."""
        for path in (os.path.dirname(self.path), self.path):
            if not os.path.lexists(path):
                return False
            if not is_own_folder(path):
                raise Failure("script_failed", "%s is not a folder of yours." % path, detail="bad run folder: " + path)
        return True

    def told(self, key, kind):
        """A value of the state, or None if it is absent or of another kind."""
        value = (read_json(self.state) or {}).get(key)
        return value if isinstance(value, kind) and not isinstance(value, bool) else None

    def process(self):
        """(pid, start time), None each as long as nobody knows them."""
        return self.told("pid", int), self.told("start_time", str)

    def save(self, state, pid, started):
        """Writes who works here; a later look compares both, since pids are used again."""
        write_json(self.state, dict(state, pid=pid, start_time=started))

    def ending(self):
        """How the run ended: "result", "error" or "lost"; None while it works."""
        found = self.terminal()
        if found is None and not self.works():
            # It may have ended between the two looks.
            found = self.terminal()
            if found is None:
                return "lost"
        if found is None:
            return None
        return "lost" if found[0].get("code") == "run_lost" else found[0]["event"]

    def terminal(self):
        """(terminal event, its offset), or None."""
        descriptor = open_record(self.events)
        if descriptor is None:
            return None
        try:
            return terminal_event(descriptor)
        finally:
            os.close(descriptor)

    def works(self):
        pid, started = self.process()
        if pid is not None:
            return is_running(pid, started)
        try:
            return abs(time.time() - os.lstat(self.path).st_mtime) < BIRTH_S
        except OSError:
            return False

    def mark_lost(self):
        """Records that the run died without a terminal event: once, whoever of those who notice it is first."""
        import fcntl
        with contextlib.suppress(OSError):
            os.unlink(self.params)
        descriptor = open_record(self.events, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        if descriptor is None:
            return
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if terminal_event(descriptor) is None:
                size = os.fstat(descriptor).st_size
                cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                with contextlib.suppress(OSError):
                    os.write(descriptor, (b"\n" if cut else b"") + event_line(self.lost_event()))
        finally:
            os.close(descriptor)

    def lost_event(self):
        failure = run_lost(self.run)
        return {"event": "error", "code": failure.code, "message": str(failure), "params": failure.params}

    def cancel(self):
        """Ends the run, politely and then not; whether it was running."""
        if self.ending() is not None:
            return False
        while self.process()[0] is None and self.works():
            time.sleep(0.05)
        pid, started = self.process()
        if pid is not None and is_running(pid, started):
            signal_process(pid, signal.SIGTERM)
            if not wait_gone(pid, started, CANCEL_GRACE_S):
                # It leads its session and so its group.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                wait_gone(pid, started, 2)
        if self.ending() == "lost":
            self.mark_lost()
        return True


def is_own_folder(path):
    """Whether a path is a directory of this user, and no link to one."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def run_lost(run):
    return Failure("run_lost", "The run %s on this host was killed, or the host was restarted, before it ended."
                   % run, run=run)
