"""The preflight: complete, quick, and it writes nothing."""

import glob
import os
import socket
import subprocess
import unittest

from script_case import ScriptCase, call, engine_python, listing, mounted
import practice_model
from slipway_host.probe import system
from slipway_host.probe.system import libgomp_fix, venv_fix

FIELDS = {"os", "os_release", "arch", "libc", "hostname", "user", "home", "root", "python", "disk", "memory", "cpu",
          "gpus", "llama_server", "llama_server_version", "writable", "noexec", "index_reachable", "engine_installed",
          "deployment", "findings", "libc_version", "places", "gpu_processes", "gpu_tools", "cuda", "services",
          "containers", "ollama", "proxies", "clock", "directories", "engine_wheel", "index_address",
          "runs"}


def codes(run, severity=None):
    return {item["code"] for item in run.data["findings"] if severity in (None, item["severity"])}


def python_without(folder, *modules):
    """A real interpreter that lacks some modules, as minimal systems do; its path."""
    home = os.path.join(folder, "python-without-" + "-".join(modules))
    subprocess.run([engine_python(), "-m", "venv", "--without-pip", home], check=True)
    site = [os.path.join(directory, "site-packages") for directory, names, _ in os.walk(home)
            if "site-packages" in names][0]
    with open(os.path.join(site, "absent.pth"), "w") as out:
        out.write("import sys; sys.modules.update(dict.fromkeys(%r))\n" % (modules,))
    return os.path.join(home, "bin", "python")


class Probe(ScriptCase):
    def test_it_is_complete_and_writes_nothing(self):
        home = os.path.join(self.folder, "home")
        os.makedirs(home)
        run = self.call("probe", environment={"HOME": home})
        self.assertIsNone(run.code, run.output)
        self.assertEqual(set(run.data), FIELDS)
        self.assertEqual(listing(self.folder), {"home": -1})
        self.assertLess(run.seconds, 12)
        self.assertEqual((run.data["home"], run.data["root"]), (home, self.root))
        self.assertTrue(run.data["writable"] and run.data["disk"]["free_bytes"] and run.data["cpu"]["cores"])
        self.assertTrue(run.data["memory"]["total_bytes"] >= run.data["memory"]["available_bytes"] > 0)
        self.assertIsNone(run.data["deployment"])
        for item in run.data["findings"]:
            self.assertEqual(set(item), {"severity", "code", "message", "fix", "params"})
        self.assertTrue({"python_ok", "disk_ok", "writable_ok"} <= codes(run, "ok"))
        self.assertEqual(codes(run, "error"), set())

    def test_the_default_root_is_below_home(self):
        run = self.call("probe", environment={"HOME": self.folder}, root=None)
        self.assertEqual(run.data["root"], os.path.join(self.folder, ".local/share/slipway/v1"))
        self.assertEqual(os.listdir(self.folder), [])

    def test_an_installed_engine_and_deployment_are_seen(self):
        self.link_engine()
        self.ok("install")
        run = self.call("probe")
        self.assertEqual((run.data["engine_installed"], run.data["index_reachable"]), (True, None))
        self.assertEqual(run.data["deployment"]["state"], "stopped")
        self.assertIn("engine_ok", codes(run, "ok"))

    def test_a_brief_look_leaves_out_what_an_installed_engine_does_not_need(self):
        brief = self.ok("probe", brief=True)
        self.assertTrue(brief["python"]["pythons"], "nothing is installed yet")
        self.link_engine()
        brief = self.ok("probe", brief=True)
        self.assertEqual((brief["python"]["pythons"], brief["index_reachable"]), ([], None))
        self.assertTrue(self.ok("probe")["python"]["pythons"])

    def test_no_python_that_the_engine_runs_on(self):
        old = [path for pattern in ("3.8", "3.9") for path in
               glob.glob(os.path.expanduser("~/.pyenv/versions/%s.*/bin/python3" % pattern))]
        if not old:
            self.skipTest("no Python 3.8 or 3.9 here")
        run = self.probe_with(old[0])
        self.assertIsNone(run.data["python"]["engine_python"])
        self.assertIn("python_too_old", codes(run, "error"))
        failed = self.call_with("install", old[0])
        self.assertEqual((failed.code, failed.params["needed"]), ("python_too_old", "3.10"))
        self.assertFalse(os.path.exists(self.root))

    def test_a_python_without_pip_and_venv(self):
        python = python_without(self.folder, "pip", "ensurepip", "venv")
        before = listing(self.folder)
        run = self.probe_with(python)
        self.assertIn("venv_missing", codes(run, "error"))
        finding = [item for item in run.data["findings"] if item["code"] == "venv_missing"][0]
        self.assertTrue(finding["fix"])
        self.assertEqual(listing(self.folder), before)

    def probe_with(self, python, environment=None, **params):
        return self.call_with("probe", python, environment, **params)

    def call_with(self, command, python, environment=None, **params):
        """A run whose engine has to use this interpreter."""
        return call(command, dict({"root": self.root, "python": python}, **params), environment)

    def test_an_unreachable_index(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = "http://127.0.0.1:%d/simple" % unused.getsockname()[1]
            run = self.call("probe", environment={"PIP_INDEX_URL": address, "PIP_FIND_LINKS": ""})
        self.assertIs(run.data["index_reachable"], False)
        self.assertIn("no_index_reachable", codes(run))

    def test_models_are_judged(self):
        self.link_engine()
        path = os.path.join(self.folder, "model.gguf")
        whole = practice_model.build()
        for content, code in ((None, "model_not_found"), (b"<html>", "model_not_gguf"),
                              (whole[:-1000], "model_truncated"), (whole, "model_ok")):
            with self.subTest(code):
                if content is not None:
                    with open(path, "wb") as out:
                        out.write(content)
                run = self.probe_with(engine_python(), model={"kind": "path", "path": path})
                self.assertIn(code, codes(run))
        run = self.probe_with(engine_python(), model={"kind": "url", "url": "ftp://host/x"})
        self.assertIn("model_url_invalid", codes(run))

    def test_a_read_only_and_a_noexec_place(self):
        with mounted(self, os.path.join(self.folder, "mount"), "size=1m,ro,noexec") as path:
            run = self.call("probe", root=os.path.join(path, "v1"))
        self.assertEqual((run.data["writable"], run.data["noexec"]), (False, True))
        self.assertTrue({"no_write_permission", "noexec", "disk_full"} <= codes(run))

    def test_facts_of_other_systems(self):
        for found, fix in (({"ID": "fedora"}, "sudo dnf install "), ({"ID": "arch"}, "sudo pacman -S "),
                           ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "sudo apt install "),
                           ({"ID": "opensuse-leap", "ID_LIKE": "suse opensuse"}, "sudo zypper install ")):
            original, system.os_release = system.os_release, lambda found=found: found
            try:
                self.assertTrue(libgomp_fix().startswith(fix))
                self.assertTrue(venv_fix().startswith(fix))
            finally:
                system.os_release = original


if __name__ == "__main__":
    unittest.main()
