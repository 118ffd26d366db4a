"""Values that are meant to break out, and hosts with odd homes, languages and clocks."""

import os
import re
import time
import unittest

from script_case import FOLDER, SCRIPT, ScriptCase, call, engine_cache, listing
from slipway_host.engine import custom, kinds
from slipway_host.engine.program import is_reserved
from slipway_host.main import COMMANDS
from slipway_host.model.gguf import model_label
import practice_model
import test_engines
import test_server

SHELL = "$(touch hacked);`touch hacked`|&'\"\\*?[a]{b} <>~#!%s%%%d"
LONG = "a" * 10000


class Values(ScriptCase):
    def refused(self, command, codes=("script_failed",), **params):
        """A run that has to be refused cleanly, without a trace in the file system."""
        run = call(command, dict({"root": self.root}, **params))
        self.assertIn(run.code, codes, run.output[-2000:])
        self.assertNotIn("Traceback", run.output)
        self.assertEqual((run.status, run.terminals, listing(self.folder)), (1, 1, {}))

    def test_names_of_models(self):
        for name in ("../../etc/passwd", "a/../b", "owner/..", "owner/na;me", "owner/" + SHELL, "owner/name\n", "owner/na\0me",
                     LONG, "owner/" + LONG, "-owner/name", "owner/name/x", "", "owner/\ud800", 5, ["owner/name"]):
            with self.subTest(name=repr(name)[:40]):
                self.refused("install", model={"kind": "huggingface", "repo": name, "base_url": "http://127.0.0.1:9"})
                self.refused("hub", repo=name, base_url="http://127.0.0.1:9")
        for file in ("../x.gguf", "a/../x.gguf", "/etc/x.gguf", "x.gguf\n", "x\0.gguf", LONG + ".gguf", SHELL + ".gguf", ".gguf"):
            with self.subTest(file=repr(file)[:40]):
                self.refused("install", model={"kind": "huggingface", "repo": "owner/name", "file": file,
                                               "base_url": "http://127.0.0.1:9"})
        for revision in ("../main", "a\nb", SHELL, LONG, "-x"):
            self.refused("hub", repo="owner/name", revision=revision, base_url="http://127.0.0.1:9")

    def test_names_of_ollama_models(self):
        for name in ("../up", "a/../b", "a b", SHELL, "name\n", "na\0me", LONG, "a" * 129, "-x", "x:" + "y" * 200):
            self.refused("install", engine={"kind": "ollama"}, model={"kind": "ollama", "name": name})

    def test_paths_and_addresses(self):
        for path in ("/" + LONG, "/x\ny", "/x\0y", "/half\ud800"):
            self.refused("install", model={"kind": "path", "path": path})
            self.refused("install", root=path)
            self.refused("install", python=path)
            self.refused("install", engine={"kind": "llama_cpp", "source": "binary", "binary": path})
        for path in ("/" + "a" * 300, "/x/" * 1000, SHELL, "/etc/passwd/x", "../x"):
            self.refused("install", ("model_not_found",), model={"kind": "path", "path": path})
        self.refused("install", root="/tmp/" + "a" * 300)
        for url in ("http://127.0.0.1:9/" + LONG, "http://127.0.0.1:9/a b", "http://127.0.0.1:9/\n", "http://\ud800/",
                    "http://me:x@127.0.0.1/", "file:///etc/passwd"):
            self.refused("install", ("model_url_invalid",), model={"kind": "url", "url": url})

    def test_names_of_deployments(self):
        for name in ("../up", "a/b", "a b", SHELL, "a\n", "a\0", LONG, "-x", ".", ""):
            for command in ("status", "install", "uninstall", "watch", "logs"):
                self.refused(command, deployment=name)

    def test_options_that_are_ours(self):
        for option in ("--host", "--hos=0.0.0.0", "--h", "--port=1", "--por", "-port", "--uds=/x", "--api-key", "--api_key=x",
                       "--API-KEY", "--api-key-file=/x", "--api", "--config", "--conf=x", "--model=x", "-m", "-m=x", "-mu",
                       "--model-url", "--model_url=x", "-hf", "--hf-repo=x", "-hft", "--hf-token=x", "-a", "--alias",
                       "--served-model-name=x", "--served_model", "--ssl-keyfile=x", "--ssl-c", "--root-path", "--path=/",
                       "--", "--=x"):
            self.assertTrue(is_reserved(option), option)
        for option in ("--dtype=half", "--model-impl=auto", "--hf-overrides={}", "--parallel", "-ngl", "-ctk", "99", "host",
                       "--no-webui", "--flash-attn", "--tensor-parallel-size=2", "-tp", "--pooling", "-", "a=b"):
            self.assertFalse(is_reserved(option), option)
        for option in ("--hos=0.0.0.0", "-m", "x\ny", "x\0", "\x1b[0m", LONG, "", 5):
            self.refused("install", engine={"kind": "llama_cpp", "source": "binary", "binary": "/bin/true", "options": [option]})

    def test_a_model_whose_name_is_a_program(self):
        cache, _ = engine_cache()
        self.link_engine()
        folder = os.path.join(self.folder, "-rf ; touch hacked")
        os.makedirs(folder)
        path = os.path.join(folder, "-m " + SHELL.replace("/", "") + " ü.gguf")
        practice_model.write(path)
        self.assertFalse(model_label(path).startswith("-"))
        binary = os.path.join(self.folder, "llama server")
        with open(binary, "w") as out:
            out.write(test_server.LlamaServer.PROGRAM % os.path.join(cache.engine, "bin", "python"))
        os.chmod(binary, 0o755)
        for engine in ({"kind": "llama_cpp", "source": "wheel"}, {"kind": "llama_cpp", "source": "binary", "binary": binary}):
            self.ok("install", engine=engine, model={"kind": "path", "path": path})
            started = self.ok("start")
            self.assertEqual(self.chat(started["port"])["model"], model_label(path))
            self.ok("stop")
        for directory, _, names in os.walk(self.folder):
            self.assertNotIn("hacked", names)

    def test_parameters_of_the_wrong_kind(self):
        for name in ("root", "deployment", "wheels", "python", "model", "engine"):
            for value in (["x"], 5, True, "\0"):
                with self.subTest(name=name, value=value):
                    self.refused("install", **{name: value})


class Hosts(ScriptCase):
    def test_an_odd_home_no_path_and_no_language(self):
        home = os.path.join(self.folder, "Jörg Müller 家")
        root = os.path.join(home, ".local", "share", "slipway", "v1")
        engine = os.path.join(root, "engines", os.path.basename(self.layout.engine))
        cache, _ = engine_cache()
        for environment in ({"PATH": "", "LANG": "C", "LC_ALL": ""}, {"PATH": "", "LANG": "", "LC_ALL": "C"},
                            {"PATH": "/nowhere", "LANG": "no_SUCH.locale", "LC_ALL": ""}):
            environment["HOME"] = home
            os.makedirs(os.path.dirname(engine))
            os.symlink(cache.engine, engine)

            def ok(command, **params):
                run = self.call(command, environment=environment, root=None, **params)
                self.assertEqual((run.code, run.status), (None, 0), run.output[-3000:])
                return run.data

            with self.subTest(environment):
                probe = ok("probe")
                self.assertEqual((probe["home"], probe["root"]), (home, root))
                ok("install")
                for listen in ("port", "socket"):
                    started = ok("start", listen=listen)
                    self.assertEqual(started["state"], "ready")
                    self.assertTrue(started["api_key_path"].startswith(home))
                self.assertEqual(ok("status")["log_path"], os.path.join(root, "deployments/default/logs/engine.log"))
                self.assertTrue(ok("logs")["lines"])
                ok("versions")
                ok("clean")
                ok("uninstall")
                self.assertFalse(os.path.exists(root))

    def test_nothing_is_run_from_the_working_directory(self):
        home = os.path.join(self.folder, "home")
        os.makedirs(home)
        for name in ("nvidia-smi", "docker", "llama-server", "python3", "ollama"):
            with open(os.path.join(home, name), "w") as out:
                out.write("#!/bin/sh\ntouch %s/hacked\n" % self.folder)
            os.chmod(os.path.join(home, name), 0o755)
        before = os.getcwd()
        os.chdir(home)
        try:
            for path in ("", ":/usr/bin", "/usr/bin:", ".:/usr/bin", "relative"):
                data = self.call("probe", environment={"PATH": path, "HOME": home}).data
                self.assertIsNone(data["llama_server"])
        finally:
            os.chdir(before)
        self.assertEqual(os.listdir(self.folder), ["home"])

    def test_a_clock_two_days_off(self):
        self.link_engine()
        for days in (-2, 2):
            run = self.call("probe", time=time.time() - days * 86400)
            self.assertAlmostEqual(run.data["clock"]["skew_s"], days * 86400, delta=30)
            finding = [item for item in run.data["findings"] if item["code"] == "clock_skew"][0]
            self.assertEqual(finding["severity"], "warn")
            self.assertIn("ahead" if days > 0 else "behind", finding["message"])
        # What was written by a clock that was ahead is neither too old nor in the way.
        part = os.path.join(self.layout.models, "x.gguf.part-0123abcd")
        self.ok("install")
        with open(part, "w"):
            pass
        os.utime(part, (time.time() + 2 * 86400,) * 2)
        self.assertEqual(self.ok("clean")["removed"], [])
        self.assertTrue(self.ok("uninstall")["was_deployed"])


class Contract(test_engines.Stands):
    """The docstring of the script is what callers are written by."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(FOLDER, "deploy_llm_server.py"), encoding="utf-8") as source:
            self.text = source.read().split('"""')[1]

    def test_every_subcommand_is_told_of(self):
        section = self.text[self.text.index("\nSubcommands\n"):self.text.index("\nVersions\n")]
        told = set(re.findall(r"^([a-z]+)  ", section, re.MULTILINE))
        self.assertEqual(told, set(COMMANDS))

    def test_the_endpoints_of_every_kind(self):
        records = {"llama_cpp": {}, "vllm": {}, "mlx": {}, "ollama": {}, "container": {"serves": "llama_cpp"},
                   "custom": {"endpoints": {"health": "/up", "load": "/load", "metrics": None, "models": "/m"}, "key": False,
                              "socket": True}}
        self.assertEqual(set(records), set(kinds.MODULES))
        for kind, record in records.items():
            found = kinds.endpoints_of(dict(record, kind=kind))
            self.assertEqual(set(found), {"health", "load", "metrics", "models", "key", "socket"})
            words = re.search(r"^    %s +(/\S+.*)$" % kind, self.text, re.MULTILINE)
            if kind == "custom":
                self.assertEqual([found[name] for name in custom.PATHS], ["/up", "/load", None, "/m"])
                self.assertIn("    custom     as given", self.text)
                continue
            shown = [found[name] or "null" for name in ("health", "load", "metrics", "models")]
            shown += ["yes" if found[name] else "no" for name in ("key", "socket")]
            self.assertEqual(words.group(1).split()[:6], shown, kind)

    def test_a_start_tells_all_that_a_caller_needs(self):
        self.link_engine()
        self.ok("install")
        started, status = self.ok("start"), self.ok("status")
        self.assertEqual(set(started), {
            "port", "socket", "keeper", "pid", "engine_pid", "state", "already_running", "model", "load_seconds",
            "api_key_path", "version", "endpoints", "device", "log_path"})
        for name in set(started) & set(status) - {"model"}:
            self.assertEqual(started[name], status[name], name)
        self.assertEqual(started["log_path"], self.layout.engine_log)
        with open(SCRIPT, encoding="utf-8") as source:
            self.assertIn(self.text, source.read(), "a host gets the contract too")


if __name__ == "__main__":
    unittest.main()
