"""Engines beside llama.cpp's wheel: stand-ins take their command lines and answer at their endpoints."""

import hashlib
import io
import json
import os
import signal
import struct
import sys
import tarfile
import unittest
import unittest.mock

from script_case import ModelServer, ScriptCase, engine_cache, wait_for
import practice_model
from slipway_host.engine import mlx
from slipway_host.engine.ollama import unpack_tar
from slipway_host.fault import Failure
from slipway_host.process import is_running, start_time
from stand_in import stand_in
import test_server

ENGINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_in_engine.py")

UV = """#!{python} -B
import os, sys
arguments = sys.argv[1:]
with open(os.path.join({folder!r}, "uv.calls"), "a") as out:
    out.write(" ".join(arguments) + "\\n")
if os.path.exists(os.path.join({folder!r}, "uv.fails")):
    sys.exit(open(os.path.join({folder!r}, "uv.fails")).read())
if arguments[0] == "venv":
    os.makedirs(arguments[-1] + "/bin")
    with open(arguments[-1] + "/bin/python", "w") as out:
        out.write("#!/bin/sh\\nexit 0\\n")
    os.chmod(arguments[-1] + "/bin/python", 0o755)
else:
    program = os.path.join(os.path.dirname(arguments[arguments.index("--python") + 1]), "vllm")
    with open(program, "w") as out:
        out.write("#!/bin/sh\\nexec {python} -B {engine} vllm \\"$@\\"\\n")
    os.chmod(program, 0o755)
"""

DOCKER = """#!{python} -B
import json, os, signal, subprocess, sys
arguments = sys.argv[1:]
folder = {folder!r}
def pidfile(name):
    return os.path.join(folder, name + ".pid")
if arguments[0] == "info":
    print(json.dumps({{"ServerVersion": "27.3.1", "SecurityOptions": [], "Runtimes": {{}}}}))
elif arguments[:2] == ["image", "inspect"]:
    if not os.path.exists(os.path.join(folder, "image")):
        sys.exit("Error: No such image")
    print("sha256:" + "a" * 64)
elif arguments[0] == "pull":
    if "missing" in arguments[1]:
        sys.exit("Error response from daemon: manifest unknown")
    print("latest: Pulling from", arguments[1])
    open(os.path.join(folder, "image"), "w").close()
elif arguments[0] == "rm":
    if os.path.exists(pidfile(arguments[-1])):
        try:
            os.kill(int(open(pidfile(arguments[-1])).read()), signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.unlink(pidfile(arguments[-1]))
elif arguments[0] == "run":
    with open(os.path.join(folder, "run.calls"), "a") as out:
        out.write(json.dumps(arguments) + "\\n")
    image = arguments.index("sha256:" + "a" * 64)
    mounts = {{}}
    for place, word in enumerate(arguments[:image]):
        if word == "--mount":
            fields = dict(pair.partition("=")[::2] for pair in arguments[place + 1].split(","))
            mounts[fields["target"]] = fields["source"]
    port = arguments[arguments.index("--publish") + 1].split(":")[1]
    inside = [mounts.get(word, port if word == "8080" else word) for word in arguments[image + 1:]]
    # As with a daemon: the container is no child of this command.
    child = subprocess.Popen([{python!r}, "-B", {engine!r}, "container"] + inside, start_new_session=True)
    with open(pidfile(arguments[arguments.index("--name") + 1]), "w") as out:
        out.write(str(child.pid))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    sys.exit(child.wait() & 255)
"""


def safetensors_folder(folder, **config):
    """A tiny model as Hugging Face hands it out; its path."""
    os.makedirs(folder)
    tensors = {"model.embed_tokens.weight": {"dtype": "BF16", "shape": [16, 8], "data_offsets": [0, 256]}}
    header = json.dumps(dict(tensors, __metadata__={"format": "pt"})).encode()
    with open(os.path.join(folder, "model.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(header)) + header + bytes(256))
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(dict({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "num_hidden_layers": 4,
                        "num_attention_heads": 8, "num_key_value_heads": 2, "hidden_size": 64, "vocab_size": 16,
                        "max_position_embeddings": 2048, "torch_dtype": "bfloat16"}, **config), out)
    return folder


class Stands(ScriptCase):
    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.folder, "bin")
        os.makedirs(self.bin)
        self.environment = {"PATH": self.bin + os.pathsep + os.environ["PATH"], "HOME": self.folder}

    def program(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as out:
            out.write(text.format(python=sys.executable, folder=self.folder, engine=ENGINE))
        os.chmod(path, 0o755)
        return path

    def run_ok(self, command, **params):
        run = self.call(command, environment=self.environment, **params)
        self.assertIsNone(run.code, run.output[-3000:])
        return run.data

    def read(self, name):
        with open(os.path.join(self.folder, name)) as source:
            return source.read()

    def check_secret(self, pid):
        for name in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, name), "rb") as source:
                self.assertNotIn(self.key().encode(), source.read())


class Vllm(Stands):
    def setUp(self):
        super().setUp()
        self.program("uv", UV)
        self.model = {"kind": "path", "path": safetensors_folder(os.path.join(self.folder, "Qwen3-tiny"))}

    def test_it_is_installed_through_uv_and_serves(self):
        data = self.run_ok("install", engine={"kind": "vllm", "options": ["--dtype=half"]}, model=self.model)
        self.assertEqual((data["engine"]["kind"], data["engine"]["version"], data["changed"]), ("vllm", "0.33.0", True))
        calls = self.read("uv.calls").splitlines()
        self.assertIn("--torch-backend=auto vllm==0.33.0", calls[1])
        self.assertFalse(self.run_ok("install", engine={"kind": "vllm", "options": ["--dtype=half"]},
                                     model=self.model)["changed"])
        self.assertEqual(len(self.read("uv.calls").splitlines()), 2)
        started = self.run_ok("start")
        self.assertEqual(started["endpoints"]["metrics"], "/metrics")
        log = "\n".join(self.run_ok("logs")["lines"])
        for words in ('"serve", "%s"' % self.model["path"], '"--served-model-name", "Qwen3-tiny"',
                      '"--max-model-len", "2048"', '"--dtype=half"', '"--host", "127.0.0.1"'):
            self.assertIn(words, log)
        self.assertNotIn(self.key(), log)
        self.assertEqual(self.ask(started["port"], "/v1/models")[0], 401)
        self.assertEqual(self.ask(started["port"], "/v1/models", key=self.key())[0], 200)
        if os.path.isdir("/proc"):
            self.check_secret(started["engine_pid"])
        self.assertEqual(self.run_ok("versions")["engines"][0]["used_by"][0]["deployment"], "default")
        self.run_ok("uninstall")
        self.assertFalse(os.path.exists(self.root))

    def test_it_cannot_be_installed(self):
        for text, code in (("error: Failed to fetch: `https://index/simple/vllm/`\n  dns error", "no_index_reachable"),
                           ("No space left on device (os error 28)", "disk_full"),
                           ("  x No solution found when resolving dependencies", "engine_install_failed")):
            with open(os.path.join(self.folder, "uv.fails"), "w") as out:
                out.write(text)
            run = self.call("install", environment=self.environment, engine={"kind": "vllm"}, model=self.model)
            self.assertEqual(run.code, code, run.output)
            self.assertFalse(os.path.exists(self.root))

    def test_what_it_does_not_serve(self):
        self.fails("model_unsupported", "install", engine={"kind": "vllm"})
        self.fails("model_unsupported", "install", engine={"kind": "llama_cpp"}, model=self.model)
        for option in ("--host", "--host=0.0.0.0", "--api-key", "--port=1", "--config", "a\nb", "", 5):
            self.fails("script_failed", "install", engine={"kind": "vllm", "options": [option]}, model=self.model)
        self.fails("script_failed", "install", engine={"kind": "vllm", "version": "1; rm -rf"}, model=self.model)
        self.assertFalse(os.path.exists(self.root))


class Mlx(Stands):
    def test_it_needs_a_mac(self):
        with unittest.mock.patch("platform.system", lambda: "Linux"):
            self.assertRaises(Failure, mlx.MlxPlan, {}, self.layout, None)
        arguments = mlx.arguments({"port": 5, "manifest": {
            "engine": {"home": "/e", "extra": []}, "model": {"path": "/m"}, "parameters": {}}})
        self.assertEqual(arguments, ["/e/environment/bin/mlx_lm.server", "--model", "/m", "--host", "127.0.0.1",
                                     "--port", "5"])


class Ollama(Stands):
    SCRIPT = "#!/bin/sh\nexec {python} -B {engine} ollama \"$@\"\n"

    def test_a_program_of_the_host(self):
        self.program("ollama", self.SCRIPT)
        model = {"kind": "ollama", "name": "qwen3:8b"}
        run = self.call("install", environment=self.environment, engine={"kind": "ollama"}, model=model)
        self.assertIsNone(run.code, run.output)
        self.assertIn("model", run.stages())
        self.assertEqual((run.data["engine"]["source"], run.data["engine"]["version"]), ("binary", "0.33.0"))
        self.assertEqual(run.data["manifest"]["engine"]["ollama_model"]["context"], 40960)
        self.assertFalse(self.run_ok("install", engine={"kind": "ollama"}, model=model)["changed"])
        started = self.run_ok("start")
        self.assertEqual(started["endpoints"]["key"], False)
        self.assertEqual(self.ask(started["port"], "/v1/models")[0], 200)
        self.run_ok("stop")
        run = self.call("install", environment=self.environment, engine={"kind": "ollama"},
                        model={"kind": "ollama", "name": "nowhere"})
        self.assertEqual(run.code, "model_not_found", run.output)
        for name in ("../x", "a b", "-x", "x;y", ""):
            self.fails("script_failed", "install", engine={"kind": "ollama"}, model={"kind": "ollama", "name": name})
        self.fails("model_unsupported", "install", engine={"kind": "ollama"})

    def test_a_release_archive(self):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            text = self.SCRIPT.format(python=sys.executable, engine=ENGINE).encode()
            entry = tarfile.TarInfo("./bin/ollama")
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text))
        server = ModelServer(content.getvalue())
        self.addCleanup(server.close)
        digest = hashlib.sha256(content.getvalue()).hexdigest()
        engine = {"kind": "ollama", "source": "archive", "url": server.base + "/ollama-linux-amd64.tgz",
                  "sha256": digest}
        model = {"kind": "ollama", "name": "qwen3:8b"}
        wrong = self.call("install", environment=self.environment, engine=dict(engine, sha256="0" * 64), model=model)
        self.assertEqual(wrong.code, "hash_mismatch", wrong.output)
        self.assertFalse(os.path.exists(self.root))
        self.assertTrue(self.run_ok("install", engine=engine, model=model)["changed"])
        self.assertFalse(self.run_ok("install", engine=engine, model=model)["changed"])
        self.run_ok("start")
        self.run_ok("uninstall")
        self.assertFalse(os.path.exists(self.root))

    def test_archives_that_reach_out(self):
        for name, kind, link in (("../evil", tarfile.REGTYPE, ""), ("/tmp/slipway-evil", tarfile.REGTYPE, ""),
                                 ("lib", tarfile.SYMTYPE, "../.."), ("lib", tarfile.SYMTYPE, "/etc"),
                                 ("lib", tarfile.LNKTYPE, "../../x"), ("dev", tarfile.CHRTYPE, "")):
            path = os.path.join(self.folder, "a.tgz")
            with tarfile.open(path, "w:gz") as tar:
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = kind, link
                tar.addfile(entry)
            home = os.path.join(self.folder, "home")
            os.makedirs(home, exist_ok=True)
            with self.subTest(name=name, link=link):
                self.assertRaises(Failure, unpack_tar, path, home)
                self.assertEqual(os.listdir(home), [])


class Container(Stands):
    def setUp(self):
        super().setUp()
        self.program("docker", DOCKER)
        stand_in(self.bin, "podman", [], (1, "not here"))
        stand_in(self.bin, "nvidia-smi", [("query-gpu", 0, "0, GPU-1, T4, 15360, 15000, 570.1, 7.5")], (0, ""))

    def inside(self):
        path = os.path.join(self.folder, "slipway-%d-default.pid" % os.getuid())
        pid = int(self.read(os.path.basename(path)))
        return pid, start_time(pid)

    def test_it_serves_and_leaves_nothing(self):
        path = os.path.join(self.folder, "my model.gguf")
        practice_model.write(path)
        engine = {"kind": "container"}
        model = {"kind": "path", "path": path}
        data = self.run_ok("install", engine=engine, model=model)
        self.assertEqual((data["engine"]["source"], data["engine"]["version"]),
                         ("docker", "ghcr.io/ggml-org/llama.cpp:server-cuda"))
        self.assertFalse(self.run_ok("install", engine=engine, model=model)["changed"])
        started = self.run_ok("start")
        call = json.loads(self.read("run.calls").splitlines()[-1])
        self.assertEqual(call[call.index("--publish") + 1], "127.0.0.1:%d:8080" % started["port"])
        self.assertEqual(call[call.index("--gpus") + 1], "all")
        self.assertIn("/models/my model.gguf", call)
        self.assertNotIn(self.key(), " ".join(call))
        self.assertEqual(self.ask(started["port"], "/v1/models")[0], 401)
        self.assertEqual(self.ask(started["port"], "/v1/models", key=self.key())[0], 200)
        container = self.inside()
        self.run_ok("stop")
        self.assertTrue(wait_for(lambda: not is_running(*container), 5))
        for victim in ("pid", "engine_pid"):
            with self.subTest(victim):
                started = self.run_ok("start")
                container = self.inside()
                os.kill(started[victim], signal.SIGKILL)
                # The guard ends it, or the supervisor's next start does.
                self.assertTrue(wait_for(lambda: not is_running(*container), 10))
                self.run_ok("stop")
                self.assertFalse(is_running(*container))

    def test_what_cannot_be_had(self):
        run = self.call("install", environment=self.environment, engine={"kind": "container", "image": "missing:1"})
        self.assertEqual(run.code, "engine_install_failed", run.output)
        self.assertIn("manifest unknown", run.params["detail"])
        for engine in ({"image": "-v"}, {"image": "a b"}, {"tool": "runc"}, {"serves": "x"}, {"gpu": "x"}):
            run = self.call("install", environment=self.environment, engine=dict(engine, kind="container"))
            self.assertEqual(run.code, "script_failed", run.output)
        stand_in(self.bin, "docker", [], (1, "permission denied"))
        run = self.call("install", environment=self.environment, engine={"kind": "container"})
        self.assertEqual(run.code, "container_unavailable", run.output)


class Custom(Stands):
    def test_a_command_of_the_users_own_with_the_real_engine(self):
        cache, _ = engine_cache()
        binary = self.program("my-server", test_server.LlamaServer.PROGRAM.replace("%s", "{python_of_engine}", 1).replace(
            "{", "{{").replace("}", "}}").replace("{{python_of_engine}}", os.path.join(cache.engine, "bin", "python")))
        engine = {"kind": "custom", "command": [
            "my-server", "--model", "{model}", "--alias", "{label}", "--host", "{host}", "--port", "{port}",
            "--api-key-file", "{key_file}", "--ctx-size", "{context}", "--parallel", "{parallel}", "--threads", "1"]}
        data = self.run_ok("install", engine=engine)
        self.assertEqual(data["manifest"]["engine"]["binary"], binary)
        started = self.run_ok("start")
        self.assertEqual(self.ask(started["port"], "/v1/models")[0], 401)
        self.chat(started["port"])
        os.unlink(binary)
        self.run_ok("stop")
        self.assertEqual(self.fails("engine_crashed", "start").params["reason"], "missing_engine")

    def test_templates_that_make_no_sense(self):
        for engine in ({"command": []}, {"command": "llama {port}"}, {"command": ["sh", "-c"]},
                       {"command": ["sh", "{port}", "{secret}"]}, {"command": ["sh", "{port}\n"]},
                       {"command": ["sh", "{port}"], "environment": {"A B": "x"}},
                       {"command": ["sh", "{port}"], "health_path": "http://x"}):
            self.fails("script_failed", "install", engine=dict(engine, kind="custom"))
        self.fails("engine_install_failed", "install", engine={"kind": "custom", "command": ["/no/such", "{port}"]})
        self.assertFalse(os.path.exists(self.root))

    def test_workers_do_not_outlive_their_engine(self):
        if not os.path.isdir("/proc"):
            self.skipTest("needs /proc")
        engine = {"kind": "custom", "key": False, "command": [
            sys.executable, ENGINE, "custom", "--port", "{port}", "--workers", "1"]}
        self.run_ok("install", engine=engine)

        def worker(pid):
            with open("/proc/%d/task/%d/children" % (pid, pid)) as source:
                return int(source.read().split()[0])

        for victim in ("engine_pid", "pid", None):
            with self.subTest(victim):
                started = self.run_ok("start")
                pid = worker(started["engine_pid"])
                born = start_time(pid)
                if victim:
                    os.kill(started[victim], signal.SIGKILL)
                if victim == "engine_pid":
                    self.assertTrue(wait_for(lambda: not is_running(pid, born), 5))
                self.run_ok("stop")
                self.assertFalse(is_running(pid, born))


if __name__ == "__main__":
    unittest.main()
