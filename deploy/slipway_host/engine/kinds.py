"""The engines by kind. Each is a module with the same four functions.

    plan(params, layout, model_plan)  checks, before anything is written, that the engine can be had;
                                      gives a Plan
    check(record)                     raises engine_crashed(missing_engine) if its files are gone
    serve(params)                     becomes the engine, or stays as its guard
    endpoints(record)                 where it tells its health, its load and its metrics

Not offered: wheels of llama.cpp for CUDA, ROCm or Vulkan. The package index has none; a llama-server
of the host or a container serves those cards.
"""

import importlib

from slipway_host.params import bad_param, object_param

MODULES = {
    "llama_cpp": "slipway_host.engine.llama_cpp",
    "vllm": "slipway_host.engine.vllm",
    "mlx": "slipway_host.engine.mlx",
    "ollama": "slipway_host.engine.ollama",
    "container": "slipway_host.engine.container",
    "custom": "slipway_host.engine.custom",
}


class Plan:
    """What an install does for an engine."""

    needed_bytes = 0
    # Whether files that are run will be written below the root.
    writes_programs = False

    def recheck(self):
        """Called under the lock: another run may have installed the engine meanwhile."""

    def carry_out(self):
        """(engine record, whether something was installed)."""
        raise NotImplementedError


def engine_module(kind):
    """The module of an engine kind."""
    return importlib.import_module(MODULES[kind])


def wanted_kind(params):
    kind = object_param(params, "engine", {}).get("kind", "llama_cpp")
    if kind not in MODULES:
        raise bad_param("engine.kind", " or ".join(MODULES))
    return kind


def endpoints_of(record):
    """{health, load, metrics, models, key, socket}: paths, null where there is none; key: whether one is
    asked for; socket: whether the engine can listen on a unix socket."""
    return dict({"socket": False}, **engine_module(record["kind"]).endpoints(record))
