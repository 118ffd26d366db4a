"""What the tests of runs share: an install that takes a while, its events, and the processes behind it."""

import json
import os
import re
import signal
import time

from script_case import MARKER, ModelServer, Run, ScriptCase, wait_for
import practice_model
from slipway_host.filesystem import read_json
from slipway_host.layout import Layout
from slipway_host.process import is_running, start_time, wait_gone
from slipway_host.runs import history
from slipway_host.runs.folder import RunFolder

CONTENT = practice_model.build(endless=True)


class RunCase(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.server = ModelServer(CONTENT)
        self.addCleanup(self.server.close)
        self.addCleanup(self.end_runs)

    def end_runs(self):
        for folder in history.working(Layout({"root": self.root})):
            pid, started = folder.process()
            if pid != os.getpid() and is_running(pid, started):
                os.kill(pid, signal.SIGKILL)
                wait_gone(pid, started, 5)

    def model(self):
        """A model by an address that holds a secret."""
        return {"kind": "url", "url": self.server.base + "/files/a.gguf?token=hush"}

    def begin_slowly(self, run, seconds=4.0, **more):
        """An install that downloads for about this long, begun by a caller of its own."""
        self.server.pause = seconds / (len(CONTENT) / (64 * 1024))
        return self.begin("install", model=self.model(), run=dict({"id": run}, **more))

    def folder_of(self, run):
        return RunFolder(self.layout, run)

    def process_of(self, run):
        """(pid, start time) of a run, as soon as they are known."""
        self.assertTrue(wait_for(lambda: self.folder_of(run).process()[0]), "the run has no process")
        return self.folder_of(run).process()

    def wait_for_download(self, run):
        """Until the run has told of its download."""
        self.assertTrue(wait_for(lambda: b'"done"' in self.record(run)), "nothing was downloaded")

    def record(self, run):
        try:
            with open(self.folder_of(run).events, "rb") as source:
                return source.read()
        except OSError:
            return b""

    def attach(self, run, offset=0, command="install"):
        """Follows a known run to its end."""
        return self.call(command, run={"id": run, "offset": offset, "attach": True})

    def entry(self, run):
        """A run as status tells it."""
        return [entry for entry in self.ok("status")["runs"] if entry["id"] == run][0]

    def make_run(self, run, events=(), begun=None, process=(None, None), **state):
        """A run as files: what another run would have left."""
        folder = self.folder_of(run)
        os.makedirs(folder.path)
        folder.save(dict({"id": run, "subcommand": "stop", "deployment": "default", "fingerprint": None, "owner": None,
                          "started_at": time.time() if begun is None else begun}, **state), *process)
        with open(folder.events, "w") as out:
            out.write("".join(json.dumps(event) + "\n" for event in events))
        return folder

    def make_living_run(self, run, **state):
        """A run as files whose process is that of the tests."""
        return self.make_run(run, process=(os.getpid(), start_time(os.getpid())), **state)

    def state_of(self, run):
        return read_json(self.folder_of(run).state)


def told(output):
    """The events of a run in what a caller read, a line that was cut left out; without the first one."""
    pattern = re.escape(MARKER) + r"\{.*\}" + re.escape(MARKER)
    whole = [line for line in output.split("\n")[:-1] if re.match(pattern + r"\Z", line)]
    return Run("\n".join(whole), 0, 0).events


def without_run(events):
    return [event for event in events if event["event"] != "run"]
