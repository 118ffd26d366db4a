"""Following a run: its events on stdout, from where the caller had read, up to the terminal one."""

import os
import signal
import time

from slipway_host.fault import Cancelled
from slipway_host.layout import Layout
from slipway_host.process import is_running, signal_process
from slipway_host.runs.folder import RunFolder, run_lost
from slipway_host.runs.launch import begin
from slipway_host.runs.record import TERMINAL, EventReader, open_record
from slipway_host.runs.request import RunRequest
from slipway_host.wire import OUT

PAUSE_S = (0.02, 0.2)
# On macOS a look at a process is a command.
LOOK_INTERVAL_S = 1.0


def follow(subcommand, params):
    """Begins a run or joins it; its terminal event, or None if the caller went away before."""
    request = RunRequest(subcommand, params)
    layout = Layout(params)
    follower = Follower(RunFolder(layout, request.run))
    signal.signal(signal.SIGTERM, follower.pass_on)
    signal.signal(signal.SIGINT, follower.pass_on)
    signal.signal(signal.SIGHUP, leave)
    try:
        resumed = begin(layout, follower.folder, request, params)
        return follower.follow(request.offset, resumed)
    except Cancelled:
        return None


def leave(*_):
    raise Cancelled(resume=True)


class Follower:
    """Reads the record of one run for one caller."""

    def __init__(self, folder):
        self.folder = folder
        self.cancelled = False
        self.told = False
        self.next_look = 0.0

    def pass_on(self, *_):
        """Cancels the run for the caller, who then hears how it ended."""
        self.cancelled = True
        pid, started = self.folder.process()
        if not self.told and is_running(pid, started):
            self.told = True
            signal_process(pid, signal.SIGTERM)

    def follow(self, offset, resumed):
        descriptor = self.wait_for_record()
        try:
            ending = self.folder.terminal()
            # Who has read everything is told the end again; a record that a power failure cut may be shorter.
            offset = min(offset, ending[1] if ending else os.fstat(descriptor).st_size)
            OUT.emit({"event": "run", "id": self.folder.run, "resumed": resumed, "at": offset})
            return self.read(EventReader(descriptor, offset))
        finally:
            os.close(descriptor)

    def wait_for_record(self):
        """A descriptor of the record; who begins the run may still be about to make it."""
        while True:
            descriptor = open_record(self.folder.events)
            if descriptor is not None:
                return descriptor
            if not self.folder.exists():
                # Whoever wanted to begin it could not.
                raise run_lost(self.folder.run)
            self.look()
            time.sleep(PAUSE_S[0])

    def read(self, reader):
        """Prints the events; the terminal one."""
        pause = PAUSE_S[0]
        while True:
            events = reader.read()
            for event, at in events or ():
                event = dict(event, at=at)
                if event["event"] in TERMINAL:
                    return event
                OUT.emit(event)
            OUT.check()
            if self.cancelled:
                self.pass_on()
            if events is not None:
                pause = PAUSE_S[0]
                continue
            self.look()
            time.sleep(pause)
            pause = min(PAUSE_S[1], pause * 1.5)

    def look(self):
        """Records a run that died without a terminal event, so that reading comes to one."""
        if time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + LOOK_INTERVAL_S
        if self.folder.ending() == "lost":
            self.folder.mark_lost()
            if self.folder.terminal() is None:
                # Nothing can be written: the disk is full, or the folder is gone.
                raise run_lost(self.folder.run)
