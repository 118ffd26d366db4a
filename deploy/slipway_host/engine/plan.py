"""Which engine a deployment uses."""

import os
import time

from slipway_host.engine.llama_server import binary_engine, find_llama_server
from slipway_host.engine.pins import ENGINE_DISK_BYTES
from slipway_host.engine.requirements import wheel_failure
from slipway_host.engine.wheel import install_wheel, installed_engine, wheel_engine
from slipway_host.fault import Failure
from slipway_host.params import bad_param, object_param, text_param
from slipway_host.probe.gpu import gpu_facts
from slipway_host.probe.python import engine_python_of, find_pythons
from slipway_host.wire import OUT


class EnginePlan:
    """Decides which engine to use and checks, before anything is written, that it can be had."""

    def __init__(self, params, layout, practice):
        engine = object_param(params, "engine", {})
        if engine.get("kind", "llama_cpp") != "llama_cpp":
            raise bad_param("engine.kind", "llama_cpp")
        source = engine.get("source", "auto")
        if source not in ("auto", "wheel", "binary"):
            raise bad_param("engine.source", "auto, wheel or binary")
        binary = text_param(engine, "binary")
        self.layout = layout
        self.pythons = []
        self.python = None
        self.binary = None
        self.installed = None
        if source == "binary":
            self.binary = binary or find_llama_server()
            if not self.binary:
                raise Failure("engine_install_failed", "There is no llama-server on the host.",
                              detail="llama-server was not found on PATH")
        elif source == "auto" and not practice and find_llama_server() and gpu_facts():
            self.binary = find_llama_server()
        if self.binary:
            return
        self.installed = installed_engine(layout)
        if self.installed:
            return
        self.pythons = find_pythons(text_param(params, "python"))
        failure = wheel_failure(self.pythons)
        if failure and source == "auto" and find_llama_server():
            OUT.log("%s Using the llama-server of the host." % failure, "warn")
            self.binary = find_llama_server()
        elif failure:
            raise failure
        else:
            self.python = engine_python_of(self.pythons)

    def needed_bytes(self):
        return ENGINE_DISK_BYTES if self.python else 0

    def carry_out(self):
        """(engine record, whether something was installed)."""
        if self.binary:
            return binary_engine(self.binary), False
        begun = time.monotonic()
        if self.installed:
            return wheel_engine(self.installed, 0.0), False
        install_wheel(self.layout, self.python, self.pythons)
        return wheel_engine(installed_engine(self.layout), time.monotonic() - begun), True


def check_engine(engine):
    """The engine may have been removed since the install."""
    program = engine["python"] if engine["source"] == "wheel" else engine["binary"]
    if not os.access(program, os.X_OK) or not os.path.isdir(engine.get("site", "/")):
        raise Failure("engine_crashed", "The engine is damaged or gone; deploy again to repair it.",
                      detail="the engine's files are incomplete", reason="missing_engine", log="")
