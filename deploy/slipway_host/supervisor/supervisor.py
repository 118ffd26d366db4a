"""Keeps the engine alive."""

import collections
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time

from slipway_host.engine.device import UNKNOWN, DeviceWords
from slipway_host.engine.kinds import endpoints_of
from slipway_host.filesystem import read_json, write_json
from slipway_host.layout import Layout
from slipway_host.process import end_group, start_time
from slipway_host.supervisor.crash import REASON_TEXT, crash_reason, exit_text
from slipway_host.supervisor.engine_log import EngineLog
from slipway_host.supervisor.readiness import ask_health, choose_port
from slipway_host.supervisor.spawn import last_port, script_path, write_pidfile

BACKOFF_FIRST_S = 0.4
BACKOFF_LONGEST_S = 30.0
FAST_FAILURES = 5
STABLE_AFTER_S = 60.0
ENGINE_GRACE_S = 4.0
# For this long after it was ready an engine's words about its device may still be on their way.
SETTLING_S = 10.0


class Supervisor:
    """Runs the engine as its child, restarts it with back-off, keeps the log and the state file."""

    def __init__(self, params):
        self.layout = Layout(params)
        self.launch = read_json(self.layout.launch)
        self.manifest = self.launch["manifest"]
        self.health = endpoints_of(self.manifest["engine"])["health"]
        self.log = EngineLog(self.layout.engine_log, self.launch["log_bytes"])
        self.tail = collections.deque(maxlen=200)
        self.partial = b""
        self.words = DeviceWords()
        self.stopping = False
        self.child = None
        self.watch = None
        self.ready_at = None
        self.selector = selectors.DefaultSelector()
        self.state = {"state": "starting", "engine_pid": None, "engine_start": None, "port": self.launch["port"] or last_port(self.layout),
                      "socket": self.launch["socket"],
                      "restarts": 0, "last_exit": None, "since": time.time(), "pid": os.getpid(),
                      "load_seconds": None, "device": None}

    def run(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        wake, wake_writer = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer)
        self.selector.register(wake, selectors.EVENT_READ, "wake")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # The keeper may have started it again; then nobody else writes this.
        write_pidfile(self.layout, os.getpid())
        self.save(state="starting")
        try:
            self.keep_alive()
        except BaseException as error:
            self.log.note("the supervisor failed: %r" % error)
            self.end_child()
            self.save(state="crashed", engine_pid=None, engine_start=None)
            raise
        finally:
            for path in (self.layout.pidfile, self.launch["socket"]):
                if path:
                    with contextlib.suppress(OSError):
                        os.unlink(path)

    def on_stop(self, *_):
        self.stopping = True

    def save(self, **changes):
        if changes.get("state", self.state["state"]) != self.state["state"]:
            changes["since"] = time.time()
        self.state.update(changes)
        with contextlib.suppress(OSError):
            write_json(self.layout.state, self.state)

    def keep_alive(self):
        failures = 0
        backoff = BACKOFF_FIRST_S
        while not self.stopping:
            begun = time.monotonic()
            self.tail.clear()
            self.words = DeviceWords()
            self.spawn()
            status = self.attend(begun)
            if self.stopping:
                break
            lasted = time.monotonic() - begun
            reason = crash_reason(self.tail, status)
            self.log.note("the engine ended with %s after %.1f s" % (exit_text(status), lasted))
            self.save(state="starting", engine_pid=None, engine_start=None, last_exit={
                "status": status, "text": exit_text(status), "reason": reason, "at": time.time(),
                "seconds": round(lasted, 1), "log": list(self.tail)[-20:]})
            if lasted > STABLE_AFTER_S:
                failures, backoff = 0, BACKOFF_FIRST_S
            failures += 1
            if failures >= FAST_FAILURES or reason in ("missing_model", "bad_model") and self.ready_at is None:
                self.log.note("giving up: %s" % REASON_TEXT[reason])
                self.save(state="crashed")
                return
            self.log.note("restarting in %.1f s" % backoff)
            self.pump(backoff)
            backoff = min(BACKOFF_LONGEST_S, backoff * 2)
            if not self.stopping:
                self.save(restarts=self.state["restarts"] + 1)
        self.end_child()
        self.log.note("stopped")
        self.save(state="stopped", engine_pid=None, engine_start=None)

    def spawn(self):
        engine = self.manifest["engine"]
        socket_file = self.launch["socket"]
        port = None if socket_file else engine.get("port") or choose_port(self.state["port"])
        if socket_file:
            with contextlib.suppress(OSError):
                os.unlink(socket_file)
        serve = {"marker": "internal", "root": self.layout.root, "deployment": self.layout.name, "port": port,
                 "manifest": self.manifest, "supervisor": os.getpid(), "watch": self.launch["watch"],
                 "socket": socket_file}
        reader, self.watch = os.pipe()
        serve["watch_fd"] = reader
        write_json(self.layout.serve, serve)
        python = engine["python"] or sys.executable
        try:
            self.child = subprocess.Popen(
                [python, "-I", "-B", script_path(), "serve", "--params", self.layout.serve],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                pass_fds=(reader,))
        finally:
            os.close(reader)
        os.set_blocking(self.child.stdout.fileno(), False)
        self.selector.register(self.child.stdout, selectors.EVENT_READ, "log")
        self.save(state="starting", port=port, socket=socket_file, engine_pid=self.child.pid, engine_start=start_time(self.child.pid),
                  load_seconds=None, device=None)

    def attend(self, begun):
        """Carries the log and watches /health until the engine ends; its exit status."""
        pause = 0.02
        while self.child.poll() is None and not self.stopping:
            if self.state["state"] != "ready":
                health = ask_health(self.state["port"], self.state["socket"], self.health)
                if health == "ready" and self.child.poll() is None:
                    while self.read_output():
                        pass
                    self.ready_at = time.monotonic()
                    self.save(state="ready", load_seconds=round(self.ready_at - begun, 3))
                elif health == "loading" and self.state["state"] != "loading":
                    self.save(state="loading")
                self.pump(pause)
                pause = min(0.5, pause * 1.3)
            else:
                self.pump(3600)
        if self.stopping:
            return None
        self.drain()
        return self.child_gone()

    def pump(self, seconds):
        """Moves output to the log until the time is over, the engine ends or a stop is asked."""
        deadline = time.monotonic() + seconds
        while not self.stopping:
            left = deadline - time.monotonic()
            for key, _ in self.selector.select(max(0.0, left)):
                if key.data == "wake":
                    with contextlib.suppress(BlockingIOError):
                        os.read(key.fd, 4096)
                else:
                    self.read_output()
            if left <= 0 or (self.child and self.child.poll() is not None):
                return

    def read_output(self):
        """One block of output; False at its end."""
        try:
            data = os.read(self.child.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self.selector.unregister(self.child.stdout)
            return False
        self.log.write(data)
        lines = (self.partial + data).split(b"\n")
        self.partial = lines.pop()[-4096:]
        texts = [line.decode("utf-8", "replace")[:1000] for line in lines if line.strip()]
        self.tail.extend(texts)
        self.note_device(texts)
        return True

    def note_device(self, lines):
        """Keeps what an engine says of its device while it loads: the log is too short to hold that for long."""
        if self.state["state"] == "ready" and time.time() - self.state["since"] > SETTLING_S:
            return
        for line in lines:
            self.words.read(line)
        if self.words.found() != (self.state["device"] or UNKNOWN):
            self.save(device=self.words.found())

    def drain(self):
        while self.read_output():
            pass
        if self.partial:
            self.tail.append(self.partial.decode("utf-8", "replace")[:1000])
            self.partial = b""

    def child_gone(self):
        """Frees what belonged to the ended child; its exit status."""
        with contextlib.suppress(KeyError):
            self.selector.unregister(self.child.stdout)
        self.child.stdout.close()
        os.close(self.watch)
        # Workers that the engine left hold its memory.
        end_group(self.child.pid)
        status, self.child, self.watch = self.child.returncode, None, None
        return status

    def end_child(self):
        if self.child is None:
            return
        if self.child.poll() is None:
            self.child.terminate()
            deadline = time.monotonic() + ENGINE_GRACE_S
            while self.child.poll() is None and time.monotonic() < deadline:
                self.read_output()
                time.sleep(0.01)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        self.drain()
        self.child_gone()


def command_supervise(params):
    Supervisor(params).run()
