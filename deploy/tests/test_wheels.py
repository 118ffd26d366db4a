"""Engines from packages that the caller brought, on hosts that reach no package index."""

import functools
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import unittest
import zipfile

from script_case import ScriptCase, call, engine_cache, engine_python, listing
from slipway_host.engine.pins import ENGINE_VERSION, PACKAGE, this_wheel
from slipway_host.probe.package_index import index_address
from test_install import real_wheel
from test_probe import codes, python_without
import test_engines

NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "", "UV_FIND_LINKS": "",
           "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}


@functools.lru_cache(maxsize=None)
def real_uv():
    """The path of uv's package for this system, fetched once per run through pip."""
    cache, _ = engine_cache()
    folder = os.path.join(os.path.dirname(cache.root), "uv")
    if not glob.glob(os.path.join(folder, "uv-*.whl")):
        subprocess.run([engine_python(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "-d", folder, "uv"], check=True)
    return glob.glob(os.path.join(folder, "uv-*.whl"))[0]


def package(folder, name, version, files, scripts=""):
    """Writes a package of pure Python; its path."""
    path = os.path.join(folder, "%s-%s-py3-none-any.whl" % (name, version))
    notes = "%s-%s.dist-info/" % (name, version)
    files = dict(files, **{
        notes + "METADATA": "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version),
        notes + "WHEEL": "Wheel-Version: 1.0\nGenerator: slipway\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        notes + "entry_points.txt": "[console_scripts]\n" + scripts})
    with zipfile.ZipFile(path, "w") as out:
        for file, text in files.items():
            out.writestr(file, text)
        out.writestr(notes + "RECORD", "".join(file + ",,\n" for file in list(files) + [notes + "RECORD"]))
    return path


class Brought(ScriptCase):
    def setUp(self):
        super().setUp()
        self.wheels = os.path.join(self.folder, "brought files")
        os.makedirs(self.wheels)
        self.wheel = os.path.join(self.wheels, this_wheel()[0])

    def bring(self, content=None):
        with open(self.wheel, "wb") as out:
            out.write(content or real_wheel())

    def test_no_index_is_needed(self):
        self.bring()
        missing = self.call("probe", environment=NOWHERE)
        self.assertIn("no_index_reachable", codes(missing, "error"))
        run = self.call("probe", environment=NOWHERE, wheels=self.wheels)
        self.assertNotIn("no_index_reachable", codes(run))
        self.assertEqual(codes(run, "error"), set())
        self.assertIn("engine_available", codes(run, "ok"))
        name, _, sha256, size = this_wheel()
        told = {"file": name, "sha256": sha256, "bytes": size, "version": ENGINE_VERSION, "package": PACKAGE,
                "installed": False}
        self.assertEqual(run.data["engine_wheel"], told)
        self.assertEqual((os.path.getsize(self.wheel), hashlib.sha256(real_wheel()).hexdigest()), (size, sha256))
        run = self.call("install", environment=NOWHERE, wheels=self.wheels)
        self.assertIsNone(run.code, run.output)
        self.assertTrue(run.data["changed"])
        self.assertTrue(os.path.exists(self.wheel), "what the caller brought stays where it is")
        self.ok("start")
        self.assertEqual(self.call("probe").data["engine_wheel"], dict(told, installed=True))
        shutil.rmtree(self.wheels)
        again = self.call("install", environment=NOWHERE, wheels=self.wheels)
        self.assertEqual((again.code, again.data["changed"]), (None, False))

    def test_a_python_that_can_fetch_nothing(self):
        self.bring()
        python = python_without(self.folder, "pip", "ensurepip", "venv")
        params = {"root": self.root, "python": python, "wheels": self.wheels}
        environment = dict(NOWHERE, HOME=self.folder)
        self.assertEqual(codes(call("probe", params, environment), "error"), set())
        run = call("install", params, environment)
        self.assertIsNone(run.code, run.output)
        self.ok("start")

    def test_another_file_of_that_name(self):
        self.bring(b"cut")
        self.assertIn("hash_mismatch", codes(self.call("probe", wheels=self.wheels), "error"))
        run = self.fails("hash_mismatch", "install", wheels=self.wheels)
        self.assertEqual((run.params["what"], run.params["actual"]), ("engine", hashlib.sha256(b"cut").hexdigest()))
        self.assertFalse(os.path.exists(self.root))

    def test_without_the_file_everything_is_as_without_the_folder(self):
        for folder in (self.wheels, self.wheels + "/nothing"):
            run = self.call("install", environment=NOWHERE, wheels=folder)
            self.assertEqual(run.code, "no_index_reachable", run.output)
            self.assertIn("no_index_reachable", codes(self.call("probe", environment=NOWHERE, wheels=folder), "error"))
        self.assertFalse(os.path.exists(self.root))

    def test_folders_that_are_none(self):
        for command in ("probe", "install"):
            for folder in ("relative", 5, "", "/a\nb", "/a\0b", "/" + "a" * 5000, "/half \ud800"):
                self.fails("script_failed", command, wheels=folder)

    def test_brought_packages_in_the_root_go_with_it(self):
        self.link_engine()
        self.ok("install")
        self.ok("install", deployment="second")
        os.makedirs(self.layout.wheels)
        package(self.layout.wheels, "vllm", "1.0", {})
        self.assertEqual([found["path"] for found in self.ok("clean")["removed"]], [])
        for path in (self.layout.wheels, glob.glob(self.layout.wheels + "/*")[0]):
            os.utime(path, (1, 1))
        self.assertEqual([(found["kind"], found["path"]) for found in self.ok("clean", dry_run=True)["removed"]],
                         [("download", self.layout.wheels)])
        self.ok("uninstall")
        self.assertTrue(os.path.exists(self.layout.wheels))
        self.ok("uninstall", deployment="second")
        self.assertEqual(listing(self.folder), {"brought files": -1})


class Vllm(test_engines.Stands):
    """The real uv puts an environment together; vllm itself is a package whose program is a stand-in."""

    def setUp(self):
        super().setUp()
        self.wheels = os.path.join(self.folder, "wheels")
        os.makedirs(self.wheels)
        # Neither a uv of the host nor an index.
        self.environment = dict(NOWHERE, HOME=self.folder, PATH="/usr/bin:/bin")
        self.params = {"engine": {"kind": "vllm"}, "wheels": self.wheels, "python": engine_python(), "model": {
            "kind": "path", "path": test_engines.safetensors_folder(os.path.join(self.folder, "Qwen3-tiny"))}}

    def bring_vllm(self):
        main = "import os, sys\ndef main():\n    os.execv(%r, [%r, '-B', %r, 'vllm'] + sys.argv[1:])\n" % (
            sys.executable, sys.executable, test_engines.ENGINE)
        return package(self.wheels, "vllm", "0.33.0", {"vllm/__init__.py": main}, "vllm = vllm:main\n")

    def refused(self, detail):
        run = self.call("install", environment=self.environment, **self.params)
        self.assertEqual(run.code, "engine_install_failed", run.output)
        self.assertIn(detail, run.params["detail"])
        self.assertFalse(os.path.exists(self.root))

    def test_it_comes_from_the_folder_alone(self):
        self.bring_vllm()
        self.refused("no uv-*.whl in")
        finding = self.call("probe", environment=self.environment, **self.params)
        self.assertIn("engine_install_failed", codes(finding, "error"))
        # A package for another system is passed over, a damaged one too.
        package(self.wheels, "uv", "9.9.9", {"uv-9.9.9.data/scripts/uv": "#!/bin/sh\nexit 1\n"})
        with open(os.path.join(self.wheels, "uv-9.9.8-py3-none-any.whl"), "wb") as out:
            out.write(b"PK cut")
        self.refused("uv-9.9")
        shutil.copy(real_uv(), self.wheels)
        probe = self.call("probe", environment=self.environment, **self.params)
        self.assertIn("engine_available", codes(probe, "ok"))
        data = self.run_ok("install", **self.params)
        self.assertEqual((data["engine"]["kind"], data["changed"]), ("vllm", True))
        self.assertFalse(self.run_ok("install", **self.params)["changed"])
        started = self.run_ok("start")
        self.assertEqual(self.ask(started["port"], "/v1/models", key=self.key())[0], 200)
        self.assertEqual(started["device"]["used"], "gpu")
        self.run_ok("uninstall")
        self.assertFalse(os.path.exists(self.root))

    def test_what_was_not_brought(self):
        shutil.copy(real_uv(), self.wheels)
        self.refused("vllm")
        self.params["wheels"] = os.path.join(self.folder, "nothing")
        self.refused("no folder")


class Address(ScriptCase):
    def told(self, **environment):
        clean = {"PIP_INDEX_URL": "", "PIP_CONFIG_FILE": os.devnull, "HOME": self.folder}
        return self.call("probe", environment=dict(clean, **environment)).data["index_address"]

    def test_the_index_of_pip(self):
        address = "http://127.0.0.1:9/root/simple"
        self.assertEqual(self.told(PIP_INDEX_URL=address), address)
        path = os.path.join(self.folder, "pip.conf")
        with open(path, "w") as out:
            out.write("[global]\nindex-url = %s\n" % address)
        self.assertEqual(self.told(PIP_CONFIG_FILE=path), address)
        self.link_engine()
        self.assertEqual(self.told(PIP_INDEX_URL=address), address)
        self.assertRegex(self.told(), r"^https://[a-z.]+/simple/?\Z")

    def test_secrets_are_kept(self):
        for address in ("http://me:hunter2@127.0.0.1:9/simple", "http://hunter2@127.0.0.1:9/simple",
                        "http://127.0.0.1:9/simple?token=hunter2"):
            run = self.call("probe", environment={"PIP_INDEX_URL": address})
            self.assertIsNone(run.data["index_address"])
            self.assertNotIn("hunter2", run.output)

    def test_no_index(self):
        self.assertIsNone(self.told(PIP_NO_INDEX="1"))
        for index in (None, "", "file:///mirror", "http://[", "http://"):
            self.assertIsNone(index_address({"index": index, "wanted": True}))


if __name__ == "__main__":
    unittest.main()
