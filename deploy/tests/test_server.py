"""Start, status, logs, stop and uninstall with the real engine, and what happens when parts of it die."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest

from script_case import MARKER, SCRIPT, ScriptCase, encoded, engine_cache, listing, read_until, wait_for
from slipway_host.filesystem import write_json
from slipway_host.process import is_running, start_time
from slipway_host.status import running_supervisor
from slipway_host.supervisor.readiness import choose_port


class Server(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.install()

    def install(self, **params):
        return self.ok("install", **params)

    def gone(self, pid, started):
        self.assertTrue(wait_for(lambda: not is_running(pid, started), 8), "process %d still runs" % pid)

    def test_a_whole_life(self):
        again = self.call("install")
        self.assertFalse(again.data["changed"])
        self.assertLess(again.seconds, 3)
        data = self.ok("start")
        self.assertEqual((data["state"], data["already_running"], data["model"]), ("ready", False, "practice"))
        self.assertEqual(data["api_key_path"], self.layout.api_key)
        self.assertEqual(self.ask(data["port"], "/health")[0], 200)
        self.assertEqual(self.ask(data["port"], "/v1/models")[0], 401)
        status, body = self.ask(data["port"], "/v1/models", key=self.key())
        self.assertEqual(status, 200)
        self.assertIn('"practice"', body)
        for path in ("/slots", "/metrics"):
            self.assertEqual(self.ask(data["port"], path, key=self.key())[0], 200)
        self.assertGreater(self.chat(data["port"])["usage"]["completion_tokens"], 0)

        second = self.call("start")
        self.assertTrue(second.data["already_running"])
        self.assertEqual((second.data["pid"], second.data["port"]), (data["pid"], data["port"]))
        status = self.ok("status")
        self.assertEqual((status["state"], status["port"], status["pid"], status["engine_pid"], status["restarts"]),
                         ("ready", data["port"], data["pid"], data["engine_pid"], 0))
        self.assertTrue(any("listening" in line for line in self.ok("logs", lines=50)["lines"]))
        self.assertFalse(any(self.key() in line for line in self.ok("logs")["lines"]))
        self.check_secrets(data)

        engine = (data["engine_pid"], start_time(data["engine_pid"]))
        self.assertTrue(self.ok("stop")["was_running"])
        self.gone(*engine)
        self.assertFalse(self.ok("stop")["was_running"])
        status = self.ok("status")
        self.assertEqual((status["state"], status["port"], status["last_port"], status["pid"], status["deployed"]),
                         ("stopped", None, data["port"], None, True))
        self.assertEqual(self.ok("start")["port"], data["port"])
        self.assertTrue(self.ok("uninstall")["was_deployed"])
        self.assertEqual(listing(self.folder), {})
        self.assertFalse(self.ok("uninstall")["was_deployed"])
        self.fails("not_deployed", "start")
        self.fails("not_deployed", "logs")
        self.assertEqual(listing(self.folder), {})

    def check_secrets(self, data):
        self.assertEqual(stat.S_IMODE(os.stat(self.layout.api_key).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.root).st_mode), 0o700)
        if os.path.isdir("/proc"):
            for pid in (data["pid"], data["engine_pid"]):
                for name in ("cmdline", "environ"):
                    with open("/proc/%d/%s" % (pid, name), "rb") as source:
                        self.assertNotIn(self.key().encode("ascii"), source.read())
        for directory, _, names in os.walk(self.layout.run):
            for name in names:
                with open(os.path.join(directory, name), "rb") as source:
                    self.assertNotIn(self.key().encode("ascii"), source.read(), name)

    def test_a_killed_engine_comes_back_on_the_same_port(self):
        data = self.ok("start")
        os.kill(data["engine_pid"], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.state().get("restarts") == 1 and self.state()["state"] == "ready"))
        status = self.ok("status")
        self.assertEqual((status["state"], status["port"], status["pid"]), ("ready", data["port"], data["pid"]))
        self.assertNotEqual(status["engine_pid"], data["engine_pid"])
        self.assertEqual(status["last_exit"]["text"], "signal SIGKILL")
        self.chat(data["port"])

    def test_a_killed_supervisor_takes_the_engine_along(self):
        for watch in ("prctl", "pipe"):
            if watch == "prctl" and not os.path.isdir("/proc"):
                continue
            with self.subTest(watch):
                data = self.ok("start", watch=watch)
                engine = (data["engine_pid"], start_time(data["engine_pid"]))
                os.kill(data["pid"], signal.SIGKILL)
                self.gone(*engine)
                status = self.ok("status")
                self.assertEqual((status["state"], status["pid"], status["engine_pid"]), ("stopped", None, None))
                self.assertEqual(self.ok("start", watch=watch)["port"], data["port"])
                self.ok("stop")

    def test_a_foreign_pid_is_not_trusted(self):
        os.makedirs(self.layout.run, exist_ok=True)
        with open(self.layout.pidfile, "w") as out:
            out.write("%d 12345\n" % os.getpid())
        write_json(self.layout.state, {"state": "ready", "engine_pid": os.getpid(), "engine_start": "12345",
                                              "port": 4242})
        status = self.ok("status")
        self.assertEqual((status["state"], status["pid"], status["engine_pid"]), ("stopped", None, None))
        self.assertFalse(self.ok("stop")["was_running"])
        self.assertFalse(self.ok("start")["already_running"])

    def test_a_changed_deployment_is_restarted_with_its_key(self):
        data, key = self.ok("start"), self.key()
        changed = self.install(parallel=2, context_size=512)
        self.assertTrue(changed["changed"])
        again = self.ok("start")
        self.assertFalse(again["already_running"])
        self.assertNotEqual(again["pid"], data["pid"])
        self.assertEqual((again["port"], self.key()), (data["port"], key))
        status, body = self.ask(again["port"], "/slots", key=key)
        self.assertEqual(body.count('"n_ctx":512'), 2, body)

    def test_the_log_is_bounded(self):
        port = self.ok("start", log_bytes=20000)["port"]
        for number in range(60):
            self.chat(port, "word " * 10, max_tokens=1)
        self.ok("stop")
        sizes = [os.path.getsize(self.layout.engine_log), os.path.getsize(self.layout.engine_log + ".1")]
        self.assertLessEqual(max(sizes), 20000)
        self.assertTrue(self.ok("logs", lines=100)["lines"])

    def test_two_starts_at_once_make_one_engine(self):
        first, second = self.begin("start"), self.begin("start")
        outputs = [process.communicate(timeout=60)[0].decode() for process in (first, second)]
        self.assertEqual((first.returncode, second.returncode), (0, 0), outputs)
        pids = {part for text in outputs for part in text.split('"') if part.startswith(": ")}
        self.assertTrue(pids)
        status = self.ok("status")
        for text in outputs:
            self.assertIn('"pid": %d' % status["pid"], text)

    def test_a_model_that_vanished_is_named(self):
        os.unlink(self.ok("status")["model"]["path"])
        run = self.fails("engine_crashed", "start")
        self.assertEqual(run.params["reason"], "missing_model")
        self.assertIn("practice.gguf", run.params["log"])
        self.assertEqual(self.ok("status")["state"], "stopped")

    def test_a_model_the_engine_refuses_is_named(self):
        path = self.ok("status")["model"]["path"]
        with open(path, "r+b") as out:
            content = out.read().replace(b"llama.block_count", b"llama.block_c0unt")
            out.seek(0)
            out.write(content)
        run = self.fails("engine_crashed", "start")
        self.assertEqual(run.params["reason"], "bad_model")
        self.assertLess(run.seconds, 10)

    def test_a_start_that_takes_too_long_is_taken_back(self):
        run = self.fails("engine_not_healthy", "start", timeout_s=0)
        self.assertEqual(run.params["seconds"], "0")
        self.assertFalse(running_supervisor(self.layout))

    def test_a_taken_port_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            run = self.fails("port_unavailable", "start", port=port)
            self.assertEqual(run.params["port"], str(port))
        self.assertEqual(self.ok("start", port=port)["port"], port)

    def test_a_cancelled_start_leaves_no_engine(self):
        process = self.begin("start")
        read_until(process, '"load"')
        state = wait_for(lambda: self.state().get("engine_pid") and self.state())
        process.send_signal(signal.SIGTERM)
        self.assertIn('"cancelled"', process.stdout.read().decode())
        self.assertIsNone(running_supervisor(self.layout))
        self.gone(state["engine_pid"], state["engine_start"])

    def test_the_engine_survives_the_end_of_its_caller(self):
        line = "%s %s start --params-b64 %s" % (sys.executable, SCRIPT, encoded({"marker": MARKER, "root": self.root}))
        session = subprocess.Popen(["/bin/sh", "-c", line + "; sleep 60"], start_new_session=True,
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            read_until(session, '"result"')
        finally:
            os.killpg(session.pid, signal.SIGHUP)
            session.wait()
            session.stdout.close()
        time.sleep(0.3)
        self.assertEqual(self.ok("status")["state"], "ready")

    def test_two_deployments_share_a_root(self):
        self.ok("install", deployment="second", parallel=1)
        first, second = self.ok("start"), self.ok("start", deployment="second")
        self.assertNotEqual(first["port"], second["port"])
        self.ok("uninstall")
        self.assertEqual(self.ok("status", deployment="second")["state"], "ready")
        self.assertTrue(os.path.exists(self.layout.engine) and os.path.exists(self.layout.models + "/practice.gguf"))
        self.ok("uninstall", deployment="second")
        self.assertEqual(listing(self.folder), {})

    def test_models_can_be_kept(self):
        self.ok("uninstall", keep_models=True)
        self.assertEqual(sorted(listing(self.root)), ["models", "models/practice.gguf"])


class LlamaServer(ScriptCase):
    """A llama-server on the host: its options as documented, served by the same real engine."""

    PROGRAM = """#!%s -B
import argparse, signal, sys, threading
parser = argparse.ArgumentParser(prog="llama-server", allow_abbrev=False)
parser.add_argument("--version", action="store_true")
for name in ("--model", "--alias", "--host", "--api-key-file", "--port", "--ctx-size", "--parallel", "--threads",
             "--threads-batch", "--n-gpu-layers", "--cache-ram"):
    parser.add_argument(name)
for name in ("--slots", "--metrics", "--jinja"):
    parser.add_argument(name, action="store_true")
given = parser.parse_args()
if given.version:
    print("version: 6123 (abcdef12)")
    sys.exit(0)
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.model_alias, params.hostnames = given.model, {given.alias}, [given.host]
params.port, params.n_ctx, params.n_parallel = int(given.port), int(given.ctx_size), int(given.parallel)
params.api_keys = open(given.api_key_file).read().split()
params.endpoint_slots, params.endpoint_metrics, params.use_jinja = given.slots, given.metrics, given.jinja
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(given.threads)
server = xllamacpp.Server(params)
done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
done.wait()
"""

    def setUp(self):
        super().setUp()
        cache, _ = engine_cache()
        folder = os.path.join(self.folder, "bin")
        os.makedirs(folder)
        self.binary = os.path.join(folder, "llama-server")
        with open(self.binary, "w") as out:
            out.write(self.PROGRAM % os.path.join(cache.engine, "bin", "python"))
        os.chmod(self.binary, 0o755)

    def test_it_serves_and_dies_with_its_supervisor(self):
        engine = {"kind": "llama_cpp", "source": "binary", "binary": self.binary}
        data = self.ok("install", engine=engine)
        self.assertEqual((data["engine"]["version"], data["engine"]["source"]), ("6123", "binary"))
        self.assertFalse(os.path.exists(self.layout.engines))
        self.assertFalse(self.ok("install", engine=engine)["changed"])
        for watch in ("prctl", "pipe"):
            with self.subTest(watch):
                data = self.ok("start", watch=watch)
                self.assertEqual(self.ask(data["port"], "/v1/models")[0], 401)
                self.chat(data["port"])
                pid = data["engine_pid"]
                started = start_time(pid)
                os.kill(data["pid"], signal.SIGKILL)
                self.assertTrue(wait_for(lambda: not is_running(pid, started), 8))
                self.assertTrue(wait_for(lambda: choose_port(data["port"]) == data["port"], 8))
                self.ok("start", watch=watch)
                self.assertTrue(self.ok("stop")["was_running"])

    def test_one_on_the_path_is_found(self):
        environment = {"PATH": os.path.dirname(self.binary) + os.pathsep + os.environ["PATH"]}
        data = self.call("probe", environment=environment).data
        self.assertEqual((data["llama_server"], data["llama_server_version"]), (self.binary, "6123"))
        run = self.call("install", environment=environment, engine={"kind": "llama_cpp", "source": "binary"})
        self.assertEqual(run.data["manifest"]["engine"]["binary"], self.binary)

    def test_a_binary_that_is_none(self):
        for binary in ("/nonexistent", "relative", "/etc/passwd"):
            self.fails("engine_install_failed", "install", engine={"source": "binary", "binary": binary})
        self.assertFalse(os.path.exists(self.root))


if __name__ == "__main__":
    unittest.main()
