"""Engines that are Python packages with many others: an environment of their own, made by uv.

uv brings a Python if the host has none that is new enough, and chooses the build of PyTorch that
the driver serves. The directory counts as an engine once it has ok.json, which is written last.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess

from slipway_host.engine.brought_wheels import wheels_folder
from slipway_host.engine.kinds import Plan
from slipway_host.engine.uv_program import brought_uv, fetch_uv, uv_packages
from slipway_host.fault import Failure
from slipway_host.filesystem import disk_full, os_failure, read_json, tree_bytes, write_json
from slipway_host.params import bad_param, text_param
from slipway_host.probe.program import find_program
from slipway_host.probe.python import engine_python_failure, engine_python_of, find_pythons
from slipway_host.process import run_text
from slipway_host.wire import OUT

INSTALL_LIMIT_S = 3600


class EnvironmentPlan(Plan):
    """Installs PACKAGE==VERSION into engines/KIND-VERSION."""

    kind = package = default_version = import_name = None
    python_version = "3.12"
    install_arguments = ()
    writes_programs = True

    def __init__(self, params, layout, engine):
        self.layout = layout
        self.chosen, self.python = text_param(params, "python"), None
        self.version = text_param(engine, "version", self.default_version)
        if not re.match(r"[0-9][0-9A-Za-z.+!-]{0,40}\Z", self.version):
            raise bad_param("engine.version", "a version")
        self.uv = text_param(engine, "uv")
        if self.uv and not os.access(self.uv, os.X_OK):
            raise bad_param("engine.uv", "the path of uv")
        self.wheels = wheels_folder(params)
        if not self.wheels:
            self.uv = self.uv or find_program("uv")
        self.home = os.path.join(layout.engines, "%s-%s" % (self.kind, self.version))
        self.recheck()

    def recheck(self):
        self.installed = is_complete(self.home)
        if self.installed:
            self.needed_bytes, self.writes_programs = 0, False
        elif self.wheels and self.python is None:
            self.need_brought()

    def need_brought(self):
        """With brought packages nothing else is fetched: uv and a Python have to be there."""
        if not os.path.isdir(self.wheels):
            raise Failure("engine_install_failed", "There is no folder %s on the host." % self.wheels,
                          detail="no folder: " + self.wheels)
        if not self.uv and not uv_packages(self.wheels):
            self.uv = find_program("uv")
            if not self.uv:
                raise Failure("engine_install_failed", "There is no uv on the host and none was brought.",
                              detail="no uv-*.whl in " + self.wheels)
        pythons = find_pythons(self.chosen, self.layout.python)
        self.python = engine_python_of(pythons)
        if self.python is None:
            raise engine_python_failure(pythons, None, brought=True)

    def carry_out(self):
        if not self.installed:
            self.install()
        return {"kind": self.kind, "source": "venv", "version": self.version, "python": None, "home": self.home,
                "seconds": 0.0}, not self.installed

    def install(self):
        self.layout.make(self.layout.engines)
        shutil.rmtree(self.home, ignore_errors=True)
        try:
            os.mkdir(self.home, 0o700)
            folder = os.path.join(self.home, "uv")
            if self.wheels:
                uv, python = self.uv or brought_uv(self.wheels, folder), self.python["path"]
                only, arguments = ["--offline"], ["--no-index", "--find-links", self.wheels]
            else:
                uv, python = self.uv or fetch_uv(folder, self.layout.python), self.python_version
                only, arguments = [], list(self.install_arguments)
            environment = os.path.join(self.home, "environment")
            OUT.log("Making an environment with Python %s." % python)
            self.run([uv, "venv"] + only + ["--python", python, environment])
            OUT.log("Installing %s %s." % (self.package, self.version))
            self.run([uv, "pip", "install"] + only + ["--python", python_of(self.home)] + arguments
                     + ["%s==%s" % (self.package, self.version)])
            status, text = run_text([python_of(self.home), "-I", "-B", "-c", "import " + self.import_name], 300)
            if status != 0:
                raise Failure("engine_install_failed", "%s was installed but does not load." % self.package,
                              detail=text.strip()[-500:])
            write_json(os.path.join(self.home, "ok.json"), {"version": self.version})
        except OSError as error:
            raise os_failure(error, self.home, self.needed_bytes) or error
        finally:
            if not is_complete(self.home):
                shutil.rmtree(self.home, ignore_errors=True)

    def run(self, command):
        """One step of uv: its output is the log, the bytes on the disk are the progress."""
        output = os.path.join(self.home, "uv.log")
        environment = dict(os.environ, UV_NO_PROGRESS="1", UV_CACHE_DIR=os.path.join(self.home, "cache"), NO_COLOR="1")
        with open(output, "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       env=environment, cwd=self.home, start_new_session=True)
            try:
                waited = 0.0
                while process.poll() is None and waited < INSTALL_LIMIT_S:
                    OUT.progress("engine", self.package, tree_bytes(self.home))
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.5)
                    waited += 0.5
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if process.returncode != 0:
            with open(output, encoding="utf-8", errors="replace") as log:
                raise uv_failure(log.read(), self.home)
        shutil.rmtree(os.path.join(self.home, "cache"), ignore_errors=True)


def is_complete(home):
    return read_json(os.path.join(home, "ok.json")) is not None and os.access(python_of(home), os.X_OK)


def python_of(home):
    return os.path.join(home, "environment", "bin", "python")


def uv_failure(text, folder):
    """Understands why uv failed."""
    detail = "\n".join(line.strip() for line in text.strip().splitlines()[-6:])
    if re.search(r"Failed to fetch|error sending request|dns error|Connection refused|operation timed out", text):
        return Failure("no_index_reachable", "The host cannot reach its Python package index.", detail=detail[-500:])
    if "No space left" in text or "os error 28" in text:
        return disk_full(folder, 0)
    return Failure("engine_install_failed", "The engine could not be installed: %s" % detail, detail=detail[-500:])
