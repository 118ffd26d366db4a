"""llama.cpp: from the wheel, or a llama-server that the host already has."""

import os
import time

from slipway_host.engine.brought_wheels import brought_wheel
from slipway_host.engine.kinds import Plan
from slipway_host.engine.llama_server import binary_arguments, binary_engine, find_llama_server
from slipway_host.engine.pins import ENGINE_DISK_BYTES
from slipway_host.engine.program import become, missing, need_program, option_list
from slipway_host.engine.requirements import platform_failure, wheel_failure
from slipway_host.engine.wheel import install_wheel, installed_engine, wheel_engine
from slipway_host.engine.xllamacpp_server import serve_wheel
from slipway_host.fault import Failure, model_unsupported
from slipway_host.guard import die_with_pipe
from slipway_host.params import bad_param, object_param, text_param
from slipway_host.probe.gpu import gpu_facts
from slipway_host.probe.python import engine_python_of, find_pythons
from slipway_host.wire import OUT


class LlamaCppPlan(Plan):
    """Decides which engine to use and checks, before anything is written, that it can be had."""

    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        source = engine.get("source", "auto")
        if source not in ("auto", "wheel", "binary"):
            raise bad_param("engine.source", "auto, wheel or binary")
        binary = text_param(engine, "binary")
        self.options = option_list(engine)
        if self.options and source != "binary":
            raise bad_param("engine.options", "empty unless engine.source is binary")
        if model_plan.format not in ("gguf", None):
            raise model_unsupported("llama.cpp", "GGUF files")
        self.layout = layout
        self.pythons = []
        self.python = None
        self.binary = None
        self.installed = None
        self.wheel = None
        if source == "binary":
            self.binary = binary or find_llama_server()
            if not self.binary:
                raise Failure("engine_install_failed", "There is no llama-server on the host.",
                              detail="llama-server was not found on PATH")
        elif source == "auto" and model_plan.kind != "practice" and find_llama_server() and gpu_facts():
            self.binary = find_llama_server()
        if self.binary:
            return
        self.installed = installed_engine(layout)
        if self.installed:
            return
        self.pythons = find_pythons(text_param(params, "python"), layout.python)
        failure = platform_failure()
        self.wheel = None if failure else brought_wheel(params)
        failure = failure or wheel_failure(self.pythons, self.wheel is not None)
        if failure and source == "auto" and find_llama_server():
            OUT.log("%s Using the llama-server of the host." % failure, "warn")
            self.binary = find_llama_server()
        elif failure:
            raise failure
        else:
            self.python = engine_python_of(self.pythons)

    @property
    def needed_bytes(self):
        return ENGINE_DISK_BYTES if self.python else 0

    @property
    def writes_programs(self):
        return bool(self.python)

    def recheck(self):
        if self.python:
            self.installed = installed_engine(self.layout)

    def carry_out(self):
        """(engine record, whether something was installed)."""
        if self.binary:
            return dict(binary_engine(self.binary), extra=self.options), False
        begun = time.monotonic()
        if self.installed:
            return wheel_engine(self.installed, 0.0), False
        install_wheel(self.layout, self.python, self.pythons, self.wheel)
        return wheel_engine(installed_engine(self.layout), time.monotonic() - begun), True


plan = LlamaCppPlan


def check(record):
    if record["source"] != "wheel":
        need_program(record.get("binary"))
        return
    need_program(record["python"])
    if not os.path.isdir(str(record.get("site"))):
        raise missing(record.get("site"))


def serve(params):
    if params["manifest"]["engine"]["source"] == "wheel":
        if params["watch"] != "prctl":
            die_with_pipe(params["watch_fd"])
        serve_wheel(params)
    else:
        become(params, binary_arguments(params))


def endpoints(record):
    return {"health": "/health", "load": "/slots", "metrics": "/metrics", "models": "/v1/models", "key": True,
            "socket": True}
