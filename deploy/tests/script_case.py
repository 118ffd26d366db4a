"""What the tests of the host script share: running it, one engine for all, a model server.

The engine is fetched once per run into a temporary root, or kept in $SLIPWAY_TEST_CACHE; the roots of
the tests link to it. Each test has a root and a home of its own and leaves no process behind.
"""

import atexit
import base64
import contextlib
import functools
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, FOLDER)

import bundle  # noqa: E402  (the folder above has to be on the path first)
from slipway_host.engine.wheel import installed_engine  # noqa: E402  (as above)
from slipway_host.filesystem import read_json  # noqa: E402  (as above)
from slipway_host.layout import Layout  # noqa: E402  (as above)
from slipway_host.probe.python import engine_python_of, find_pythons  # noqa: E402  (as above)
from slipway_host.status import stop_engine  # noqa: E402  (as above)
from slipway_host.wire import OUT  # noqa: E402  (as above)

MARKER = "7f3a9c1e55d04b2e"


# What is run is the one file that a host gets.
BUNDLE = tempfile.mkdtemp(prefix="slipway-script-")
atexit.register(shutil.rmtree, BUNDLE, True)
SCRIPT = os.path.join(BUNDLE, "deploy_llm_server.py")
with open(SCRIPT, "w", encoding="utf-8") as out:
    out.write(bundle.bundle())
# Functions that a test calls directly report to nobody.
OUT.gone = OUT.finish = True


class Run:
    """One finished run of the script: its events, its noise and its terminal event."""

    def __init__(self, output, status, seconds):
        self.status = status
        self.seconds = seconds
        self.output = output
        self.events = []
        self.noise = []
        for line in output.splitlines():
            match = re.match(re.escape(MARKER) + r"(\{.*\})" + re.escape(MARKER) + r"\Z", line)
            if match:
                self.events.append(json.loads(match.group(1)))
            elif line.strip():
                self.noise.append(line)
        terminal = [event for event in self.events if event["event"] in ("result", "error")]
        self.terminals = len(terminal)
        self.data = terminal[-1].get("data") if terminal else None
        self.code = terminal[-1].get("code") if terminal else None
        self.params = terminal[-1].get("params") if terminal else None
        self.message = terminal[-1].get("message") if terminal else None

    def logs(self):
        return [event["text"] for event in self.events if event["event"] == "log"]

    def stages(self):
        return {event["stage"] for event in self.events if event["event"] == "progress"}


def encoded(params):
    return base64.b64encode(json.dumps(params).encode("utf-8")).decode("ascii")


def listing(path):
    """All that lies below path, with sizes: to compare before and after."""
    found = {}
    for directory, folders, names in os.walk(path):
        for name in folders + names:
            full = os.path.join(directory, name)
            found[os.path.relpath(full, path)] = -1 if os.path.isdir(full) else os.lstat(full).st_size
    return found


def wait_for(question, seconds=15.0):
    """The first true answer; None after the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.02)
    return None


@functools.lru_cache(maxsize=None)
def engine_cache():
    """The root that holds the engine, with the run that installed it (None if it was there)."""
    kept = os.environ.get("SLIPWAY_TEST_CACHE")
    root = kept or tempfile.mkdtemp(prefix="slipway-engine-")
    if not kept:
        atexit.register(shutil.rmtree, root, True)
    layout = Layout({"root": os.path.join(root, "v1")})
    run = None
    if not installed_engine(layout):
        run = call("install", {"root": layout.root})
        if run.code:
            raise AssertionError("the engine cannot be installed: %s %s" % (run.message, run.params))
    return layout, run


@functools.lru_cache(maxsize=None)
def engine_python():
    """An interpreter that the engine runs on; the tests may run on an older one."""
    return engine_python_of(find_pythons())["path"]


def call(command, params, environment=None, python=None, as_file=None, timeout=120, prefix=None):
    """Runs the script to its end."""
    params = dict({"marker": MARKER}, **params)
    given = ["--params", as_file] if as_file else ["--params-b64", encoded(params)]
    if as_file:
        with open(as_file, "w") as out:
            json.dump(params, out)
    begun = time.monotonic()
    answer = subprocess.run((prefix or []) + [python or sys.executable, SCRIPT, command] + given,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=timeout, env=dict(os.environ, **(environment or {})))
    return Run(answer.stdout.decode("utf-8"), answer.returncode, time.monotonic() - begun)


class ScriptCase(unittest.TestCase):
    """A test with a root of its own below a temporary folder."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="slipway-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.root = os.path.join(self.folder, "slipway", "v1")
        self.layout = Layout({"root": self.root})
        self.addCleanup(self.end_engine)

    def end_engine(self):
        if os.path.isdir(self.layout.deployments):
            for name in os.listdir(self.layout.deployments):
                stop_engine(Layout({"root": self.root, "deployment": name}))

    def link_engine(self):
        """Lets this root use the engine of the cache."""
        cache, _ = engine_cache()
        os.makedirs(self.layout.engines)
        os.symlink(cache.engine, self.layout.engine)

    def call(self, command, environment=None, python=None, as_file=None, prefix=None, **params):
        return call(command, dict({"root": self.root}, **params), environment, python, as_file, prefix=prefix)

    def ok(self, command, **params):
        """The data of a run that has to succeed."""
        run = self.call(command, **params)
        self.assertEqual((run.code, run.status, run.terminals), (None, 0, 1), run.output[-3000:])
        return run.data

    def fails(self, code, command, **params):
        """The run that has to end with this error code."""
        run = self.call(command, **params)
        self.assertEqual((run.code, run.status, run.terminals), (code, 1, 1), run.output[-3000:])
        self.assertTrue(run.message)
        self.assertTrue(all(isinstance(value, str) for value in run.params.values()))
        return run

    def begin(self, command, environment=None, **params):
        """Starts the script without waiting for it."""
        params = dict({"marker": MARKER, "root": self.root}, **params)
        process = subprocess.Popen([sys.executable, SCRIPT, command, "--params-b64", encoded(params)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, **(environment or {})))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def state(self):
        return read_json(self.layout.state) or {}

    def key(self):
        with open(self.layout.api_key) as source:
            return source.read().strip()

    def ask(self, port, path, body=None, key=None, timeout=30):
        """(status, body) of a request to the engine."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = "Bearer " + key
        try:
            connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        finally:
            connection.close()

    def chat(self, port, text="Hello", **more):
        status, body = self.ask(port, "/v1/chat/completions",
                                dict({"messages": [{"role": "user", "content": text}], "seed": 1}, **more), self.key())
        self.assertEqual(status, 200, body)
        return json.loads(body)


@contextlib.contextmanager
def mounted(test, path, options):
    """A tmpfs at path; the test is skipped where that is not allowed."""
    os.makedirs(path, exist_ok=True)
    if os.getuid() != 0 or not sys.platform.startswith("linux"):
        test.skipTest("mounting a tmpfs needs root on Linux")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], stderr=subprocess.DEVNULL).returncode:
        test.skipTest("mounting a tmpfs is not allowed here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)


class ModelServer:
    """A real HTTP server for model files: ranges, entity tags, and faults on request."""

    def __init__(self, content):
        self.content = content
        self.etag = '"one"'
        self.cut_after = None       # bytes of one answer before the connection is cut
        self.cuts = 0               # how many answers are cut
        self.pause = 0.0            # seconds between blocks
        self.ranges = True
        self.with_length = True
        self.requests = []          # (path, Range header)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.base = "http://127.0.0.1:%d" % self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler):
        self.requests.append((handler.path, handler.headers.get("Range")))
        if handler.path.startswith("/missing"):
            handler.send_error(404)
            return
        start, end = 0, len(self.content)
        asked = re.match(r"bytes=(\d+)-(\d*)\Z", handler.headers.get("Range") or "")
        if asked and self.ranges and handler.headers.get("If-Range") in (None, self.etag):
            start = int(asked.group(1))
            end = min(end, int(asked.group(2)) + 1) if asked.group(2) else end
        part = start > 0 or end < len(self.content) or (asked and asked.group(2) and self.ranges)
        handler.send_response(206 if part else 200)
        if part:
            handler.send_header("Content-Range", "bytes %d-%d/%d" % (start, end - 1, len(self.content)))
        if self.with_length:
            handler.send_header("Content-Length", str(end - start))
        handler.send_header("ETag", self.etag)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        if self.cut_after is not None and self.cuts > 0:
            self.cuts -= 1
            end = min(end, start + self.cut_after)
        with contextlib.suppress(OSError):
            while start < end:
                block = self.content[start:min(end, start + 64 * 1024)]
                handler.wfile.write(block)
                start += len(block)
                if self.pause:
                    time.sleep(self.pause)


def read_until(process, wanted, seconds=60.0):
    """Reads a running script's output up to a line that holds the text; all that was read."""
    timer = threading.Timer(seconds, process.send_signal, (signal.SIGKILL,))
    timer.start()
    lines = []
    try:
        for raw in process.stdout:
            lines.append(raw.decode("utf-8"))
            if wanted in lines[-1]:
                return "".join(lines)
    finally:
        timer.cancel()
    raise AssertionError("%r was not printed: %s" % (wanted, "".join(lines)))
