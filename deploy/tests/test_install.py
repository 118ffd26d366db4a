"""Installing: the engine by every way, and each failure without leaving anything behind."""

import glob
import hashlib
import http.server
import json
import os
import platform
import shutil
import signal
import subprocess
import threading
import unittest

from script_case import (MARKER, SCRIPT, Run, ScriptCase, call, encoded, engine_cache, engine_python, listing,
                         mounted, read_until)
from slipway_host.engine.pins import this_wheel
from slipway_host.engine.requirements import platform_failure
from slipway_host.engine import wheel
from slipway_host.engine.wheel import installed_engine, test_import
from slipway_host.engine.wheel_download import download_with_pip, pip_failure
from slipway_host.fault import Failure
from slipway_host.http_source import hide_credentials
from slipway_host.supervisor.crash import crash_reason
from test_probe import python_without


class Index:
    """A package index as simple HTML pages over HTTP, offering one file."""

    def __init__(self, content, delay=None):
        name = this_wheel()[0]
        page = ('<html><body><a href="/files/%s#sha256=%s">%s</a></body></html>'
                % (name, hashlib.sha256(content).hexdigest(), name)).encode()
        self.asked = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked.append(self.path)
                body = content if self.path.startswith("/files/") else page
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream" if body is content else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for start in range(0, len(body), 1 << 20):
                        self.wfile.write(body[start:start + (1 << 20)])
                        if delay and body is content:
                            delay.wait(0.3)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.environment = {"PIP_INDEX_URL": "http://127.0.0.1:%d/simple" % self.server.server_address[1],
                            "PIP_FIND_LINKS": "", "PIP_TRUSTED_HOST": "127.0.0.1"}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def real_wheel():
    """The pinned wheel's bytes, fetched once per run through pip."""
    cache, _ = engine_cache()
    folder = os.path.join(os.path.dirname(cache.root), "wheel")
    found = glob.glob(os.path.join(folder, "*.whl"))
    if not found:
        os.makedirs(folder, exist_ok=True)
        download_with_pip([engine_python(), "-m", "pip"], False, folder)
        found = glob.glob(os.path.join(folder, "*.whl"))
    with open(found[0], "rb") as source:
        return source.read()


class Engine(ScriptCase):
    def index(self, content, delay=None):
        index = Index(content, delay)
        self.addCleanup(index.close)
        return index

    def install_with(self, python, environment, **params):
        return call("install", dict({"root": self.root, "python": python}, **params), environment)

    def test_from_an_index_into_an_environment_that_works(self):
        index = self.index(real_wheel())
        run = self.call("install", environment=index.environment)
        self.assertIsNone(run.code, run.output)
        self.assertTrue(run.data["changed"])
        self.assertEqual({"engine", "model"} & run.stages(), {"engine", "model"})
        self.assertFalse(glob.glob(os.path.join(self.layout.engines, ".tmp*")))
        self.assertEqual(sorted(os.listdir(self.root)), ["deployments", "engines", "models"])
        asked = len(index.asked)
        again = self.call("install", environment=index.environment)
        self.assertFalse(again.data["changed"])
        self.assertEqual(len(index.asked), asked)
        self.ok("start")
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})

    def test_a_damaged_engine_is_repaired(self):
        index = self.index(real_wheel())
        os.makedirs(os.path.join(self.layout.engine, "bin"))
        os.makedirs(os.path.join(self.layout.engines, ".tmp-1", "home"))
        run = self.call("install", environment=index.environment)
        self.assertTrue(run.data["changed"], run.output)
        self.assertEqual(os.listdir(self.layout.engines), [os.path.basename(self.layout.engine)])
        self.ok("start")

    def test_a_python_without_pip(self):
        index = self.index(real_wheel())
        for modules in (("pip",), ("pip", "ensurepip"), ("pip", "ensurepip", "venv")):
            with self.subTest(modules):
                run = self.install_with(python_without(self.folder, *modules), index.environment)
                self.assertIsNone(run.code, run.output)
                found = installed_engine(self.layout)
                self.assertEqual(found["site"].endswith("/site"), "venv" in modules)
                self.ok("start")
                self.ok("uninstall")
                self.assertFalse(os.path.exists(self.root))

    def test_neither_pip_nor_an_index(self):
        run = self.install_with(python_without(self.folder, "pip", "ensurepip", "venv"), {"HOME": self.folder})
        self.assertEqual(run.code, "venv_missing", run.output)
        self.assertTrue(run.params["fix"] and run.params["python"])
        self.assertFalse(os.path.exists(self.root))

    def test_a_wrong_file_on_the_index(self):
        index = self.index(b"not the wheel")
        for python in (engine_python(), python_without(self.folder, "pip", "ensurepip")):
            with self.subTest(python):
                run = self.install_with(python, index.environment)
                self.assertEqual((run.code, run.params.get("what")), ("hash_mismatch", "engine"), run.output)
                self.assertEqual(run.params["actual"], hashlib.sha256(b"not the wheel").hexdigest())
                self.assertFalse(os.path.exists(self.root))

    def test_no_index(self):
        nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": ""}
        for python in (engine_python(), python_without(self.folder, "pip", "ensurepip")):
            with self.subTest(python):
                run = self.install_with(python, nowhere)
                self.assertEqual(run.code, "no_index_reachable", run.output)
                self.assertTrue(run.params["detail"])
                self.assertFalse(os.path.exists(self.root))

    def test_an_index_without_the_engine(self):
        index = self.index(b"")
        index.environment["PIP_INDEX_URL"] += "/nothing"
        page = {"PIP_INDEX_URL": index.environment["PIP_INDEX_URL"].replace("/simple", "/files")}
        run = self.install_with(engine_python(), dict(index.environment, **page))
        self.assertEqual(run.code, "engine_install_failed", run.output)
        self.assertFalse(os.path.exists(self.root))

    def test_cancelled_by_every_signal_and_by_a_lost_link(self):
        delay = threading.Event()
        self.addCleanup(delay.set)
        index = self.index(real_wheel(), delay)
        for way in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, "closed"):
            with self.subTest(way):
                process = self.begin("install", environment=index.environment)
                text = read_until(process, "Fetching")
                while '"stage": "engine"' not in text:
                    text = process.stdout.readline().decode()
                if way == "closed":
                    process.stdout.close()
                else:
                    process.send_signal(way)
                    rest = Run(process.stdout.read().decode(), 1, 0)
                    self.assertEqual((rest.code, rest.terminals), ("cancelled", 1))
                self.assertEqual(process.wait(20), 1)
                self.assertEqual(listing(self.folder), {})

    def test_a_full_disk_is_seen_before_anything_is_written(self):
        with mounted(self, os.path.join(self.folder, "mount"), "size=20m") as path:
            run = self.fails("disk_full", "install", root=os.path.join(path, "v1"))
            self.assertEqual(os.listdir(path), [])
            self.assertGreater(int(run.params["needed"]), int(run.params["free"]))

    def test_no_inodes_left(self):
        with mounted(self, os.path.join(self.folder, "mount"), "size=400m,nr_inodes=50") as path:
            self.fails("disk_full", "install", root=os.path.join(path, "v1"))
            self.assertEqual(os.listdir(path), [])

    def test_noexec(self):
        with mounted(self, os.path.join(self.folder, "mount"), "size=400m,noexec") as path:
            self.fails("noexec", "install", root=os.path.join(path, "v1"))
            self.assertEqual(os.listdir(path), [])

    def test_a_read_only_place(self):
        with mounted(self, os.path.join(self.folder, "mount"), "size=1m,ro") as path:
            self.fails("no_write_permission", "install", root=os.path.join(path, "v1"))

    def test_a_plain_user_in_a_place_of_root(self):
        os.makedirs(os.path.dirname(self.root))
        os.chmod(self.folder, 0o755)
        os.chmod(os.path.dirname(self.root), 0o555)
        command = ["/usr/bin/python3", "-B", SCRIPT, "install", "--params-b64",
                   encoded({"marker": MARKER, "root": self.root})]
        if os.getuid() == 0:
            become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            command = shutil.which("setpriv") and become + command
        if not command or not os.access("/usr/bin/python3", os.X_OK):
            self.skipTest("needs setpriv and /usr/bin/python3 to become another user")
        source = os.path.join(self.folder, "script.py")
        shutil.copy(SCRIPT, source)
        os.chmod(source, 0o644)
        command = [source if word == SCRIPT else word for word in command]
        answer = subprocess.run(command, stdout=subprocess.PIPE, env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"})
        run = Run(answer.stdout.decode(), answer.returncode, 0)
        self.assertEqual((run.code, run.terminals), ("no_write_permission", 1), run.output)
        self.assertEqual(os.listdir(os.path.dirname(self.root)), [])


class Reasons(unittest.TestCase):
    """Hosts that cannot be built here: what their words are taken for."""

    def test_pip(self):
        for text, code in (
                ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
                 "disk_full"),
                ("WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(...)'",
                 "no_index_reachable"),
                ("ERROR: Could not find a version that satisfies the requirement", "engine_install_failed"),
                ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  Expected sha256 aa\n  Got        " + "b" * 64,
                 "hash_mismatch"),
                ("", "engine_install_failed")):
            self.assertEqual(pip_failure(text, "a" * 64, "/tmp").code, code)

    def test_import(self):
        for text, code in (("libgomp.so.1: cannot open shared object file", "libgomp_missing"),
                           ("/lib/libc.so.6: version `GLIBC_2.38' not found", "glibc_too_old"),
                           ("failed to map segment from shared object", "noexec"), ("boom", "engine_install_failed")):
            original, wheel.run_text = wheel.run_text, lambda *_, text=text, **__: (1, text)
            try:
                with self.assertRaises(Failure) as raised:
                    test_import("python", "/site")
            finally:
                wheel.run_text = original
            self.assertEqual(raised.exception.code, code)

    def test_platforms(self):
        system, machine = platform.system, platform.machine
        try:
            platform.machine = lambda: "riscv64"
            self.assertEqual(platform_failure().code, "unsupported_platform")
            platform.machine = lambda: "x86_64"
            platform.system = lambda: "FreeBSD"
            self.assertEqual(platform_failure().params, {"os": "FreeBSD", "arch": "x86_64"})
        finally:
            platform.system, platform.machine = system, machine

    def test_crashes(self):
        for lines, status, reason in (
                (["ggml_backend_cuda: out of memory", "failed to load model"], 1, "out_of_memory"),
                (["ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"], 1,
                 "out_of_memory"),
                (["Error: listen tcp 127.0.0.1:1: bind: address already in use"], 1, "port"),
                (["couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 80"], 1, "port"),
                (["gguf_init_from_file: failed to open GGUF file 'x.gguf'"], 1, "missing_model"),
                (["error loading model: missing tensor"], 1, "bad_model"), ([], -9, "killed"), (["?"], 1, "")):
            self.assertEqual(crash_reason(lines, status), reason)

    def test_credentials_are_hidden(self):
        self.assertEqual(hide_credentials("https://me:secret@host:8443/a/b.gguf?token=secret#x"),
                         "https://host:8443/a/b.gguf")
        self.assertNotIn("secret", json.dumps(hide_credentials("http://[secret")))


if __name__ == "__main__":
    unittest.main()
