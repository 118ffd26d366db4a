"""A Python that the caller unpacked below the root: a copy of a real one, which the script itself runs from."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from script_case import ScriptCase, call, engine_python, listing, wait_for
from slipway_host.engine.pins import this_wheel
from slipway_host.engine.wheel import installed_engine
from slipway_host.filesystem import is_inside, tree_bytes
from slipway_host.probe.python import engine_python_of, newer_python, python_candidates
from test_install import real_wheel

LEFT_OUT = shutil.ignore_patterns("test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib", "config-*",
                                  "lib2to3", "tkinter")


@functools.lru_cache(maxsize=None)
def source_python():
    """(interpreter, its library, "3.X") of a real one that is copied; it finds its library beside itself."""
    code = ("import json, os, sys, sysconfig; print(json.dumps([os.path.realpath(sys.executable), "
            "sysconfig.get_path('stdlib'), '%d.%d' % sys.version_info[:2]]))")
    return json.loads(subprocess.run([engine_python(), "-c", code], stdout=subprocess.PIPE, check=True).stdout.decode())


def unpack_python(home):
    """Puts a Python that depends on no other into a folder, as a release archive does; its interpreter."""
    program, library, version = source_python()
    os.makedirs(os.path.join(home, "bin"))
    shutil.copy(program, os.path.join(home, "bin", "python" + version))
    os.symlink("python" + version, os.path.join(home, "bin", "python3"))
    shutil.copytree(library, os.path.join(home, "lib", "python" + version), symlinks=True, ignore=LEFT_OUT)
    return os.path.join(home, "bin", "python3")


class BroughtPython(ScriptCase):
    def setUp(self):
        super().setUp()
        self.python = unpack_python(self.layout.python)

    def from_it(self, command, **params):
        """A run of the script from the brought Python; its data."""
        run = self.call(command, python=self.python, **params)
        self.assertEqual((run.code, run.status, run.terminals), (None, 0, 1), run.output[-3000:])
        return run.data

    def cleaned(self, python=None):
        """The kinds of what a clean removes."""
        run = self.call("clean", python=python)
        self.assertIsNone(run.code, run.output)
        return sorted(found["kind"] for found in run.data["removed"])

    def test_it_is_found_and_the_hosts_own_goes_before(self):
        answer = subprocess.run([self.python, "-c", "import sys; print(sys.prefix)"], stdout=subprocess.PIPE)
        self.assertEqual(answer.stdout.decode().strip(), self.layout.python)
        for run in (self.call("probe"), self.call("probe", python=self.python)):
            pythons = {found["path"]: found for found in run.data["python"]["pythons"]}
            self.assertEqual([path for path in pythons if pythons[path]["brought"]], [self.python])
            self.assertFalse(is_inside(run.data["python"]["engine_python"], self.root))
        probe = call("probe", {"root": self.root, "python": self.python})
        self.assertEqual(probe.data["python"]["engine_python"], self.python)

    def test_a_whole_life_from_it(self):
        wheels = os.path.join(self.folder, "wheels")
        os.makedirs(wheels)
        with open(os.path.join(wheels, this_wheel()[0]), "wb") as out:
            out.write(real_wheel())
        # `python` is the engine's; as the host's own ones were too old.
        run = call("install", {"root": self.root, "python": self.python, "wheels": wheels}, python=self.python)
        self.assertIsNone(run.code, run.output)
        self.assertTrue(is_inside(installed_engine(self.layout)["python_realpath"], self.layout.python))
        started = self.from_it("start")
        self.chat(started["port"])
        if os.path.isdir("/proc"):
            self.assertTrue(is_inside("/proc/%d/exe" % started["pid"], self.layout.python))
        self.assertEqual(self.cleaned(), [])
        os.kill(started["engine_pid"], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.state().get("restarts") == 1 and self.state()["state"] == "ready"))
        self.from_it("stop")
        # The engine is still from it.
        self.assertEqual(self.cleaned(), [])
        used = tree_bytes(self.layout.python)
        self.assertGreater(used, 10 * 1000 ** 2)
        self.assertGreater(self.ok("versions")["total_bytes"], used)
        shutil.rmtree(wheels)
        removed = self.from_it("uninstall")
        self.assertGreater(removed["removed_bytes"], used)
        self.assertEqual(listing(self.folder), {})

    def test_clean_leaves_it_while_it_is_what_runs(self):
        self.link_engine()
        self.ok("install")
        self.ok("install", deployment="second", parallel=1)
        self.from_it("start", deployment="second")
        self.assertEqual(self.cleaned(), [], "a supervisor is from it")
        self.ok("stop", deployment="second")
        self.assertEqual(self.cleaned(self.python), [], "the run itself is from it")
        self.assertTrue(os.path.exists(self.python))
        self.assertEqual(self.cleaned(), ["python"])
        self.assertFalse(os.path.lexists(self.layout.python))
        self.ok("start")

    def test_an_engine_that_no_version_uses_does_not_keep_it(self):
        self.link_engine()
        self.ok("install")
        home = os.path.join(self.layout.engines, "vllm-0.1")
        os.makedirs(os.path.join(home, "environment", "bin"))
        os.symlink(self.python, os.path.join(home, "environment", "bin", "python"))
        self.assertEqual(self.cleaned(), ["engine", "python"])

    def test_the_last_deployment_takes_it_along(self):
        self.link_engine()
        self.ok("install")
        self.ok("install", deployment="second")
        self.from_it("uninstall")
        self.assertTrue(os.path.exists(self.python))
        self.from_it("uninstall", deployment="second", keep_models=True)
        self.assertEqual(sorted(listing(self.root)), ["models", "models/practice.gguf"])

    def test_one_that_was_unpacked_before_anything_was_deployed(self):
        self.assertFalse(self.from_it("uninstall")["was_deployed"])
        self.assertEqual(listing(self.folder), {})

    def test_a_cut_one(self):
        cut = self.layout.python + ".part-0123abcd"
        os.rename(self.layout.python, cut)
        self.assertEqual(self.cleaned(), [], "it may still grow")
        for directory, folders, names in os.walk(cut):
            for path in [directory] + [os.path.join(directory, name) for name in folders + names]:
                os.utime(path, (1, 1), follow_symlinks=False)
        self.assertEqual(self.cleaned(), ["leftover"])
        self.assertFalse(os.path.exists(cut))


class Order(unittest.TestCase):
    def facts(self, path, version, brought=False, cpython=True, tools=True):
        return {"path": path, "version": version, "brought": brought, "cpython": cpython, "venv": tools, "pip": tools,
                "ensurepip": tools}

    def test_who_carries_the_engine(self):
        brought = self.facts("brought", [3, 13, 1], brought=True)
        for own, expected in (([], "brought"), ([self.facts("old", [3, 9, 2])], "brought"),
                              ([self.facts("pypy", [3, 11, 2], cpython=False)], "brought"),
                              ([self.facts("own", [3, 10, 0])], "own"),
                              ([self.facts("bare", [3, 12, 0], tools=False), self.facts("own", [3, 10, 0])], "own"),
                              ([self.facts("bare", [3, 10, 0], tools=False)], "bare")):
            self.assertEqual(engine_python_of(own + [brought])["path"], expected)

    def test_an_old_python_names_the_brought_one(self):
        with tempfile.TemporaryDirectory(prefix="slipway-test-") as home:
            os.makedirs(os.path.join(home, "bin"))
            python = os.path.join(home, "bin", "python3")
            with open(python, "w") as out:
                out.write("#!/bin/sh\nexec %s \"$@\"\n" % sys.executable)
            os.chmod(python, 0o755)
            self.assertNotIn(python, python_candidates(None))
            self.assertEqual(python_candidates(None, home)[:2], [sys.executable, python])
            self.assertEqual(python_candidates(sys.executable, home), [sys.executable])
            with unittest.mock.patch.object(sys, "executable", ""):
                self.assertEqual(newer_python(home), python)


if __name__ == "__main__":
    unittest.main()
