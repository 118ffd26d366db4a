"""vLLM: for NVIDIA and AMD cards, and models as safetensors."""

import json
import os

from slipway_host.engine.program import become, missing, need_program, option_list
from slipway_host.engine.uv_environment import EnvironmentPlan, is_complete
from slipway_host.fault import model_unsupported
from slipway_host.filesystem import write_file
from slipway_host.layout import Layout
from slipway_host.params import object_param


class VllmPlan(EnvironmentPlan):
    kind = package = import_name = "vllm"
    default_version = "0.33.0"
    # PyTorch, its CUDA libraries and vLLM, installed and on the way.
    needed_bytes = 16 * 1000 ** 3
    # uv asks the driver which build of PyTorch it serves.
    install_arguments = ("--torch-backend=auto",)

    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        if model_plan.format != "safetensors":
            raise model_unsupported("vLLM", "models as safetensors")
        self.options = option_list(engine)
        EnvironmentPlan.__init__(self, params, layout, engine)

    def carry_out(self):
        record, changed = EnvironmentPlan.carry_out(self)
        return dict(record, extra=self.options), changed


plan = VllmPlan


def check(record):
    if not is_complete(str(record.get("home"))):
        raise missing(record.get("home"))
    need_program(program(record))


def program(record):
    return os.path.join(record["home"], "environment", "bin", "vllm")


def serve(params):
    layout = Layout(params)
    become(params, arguments(params, layout), {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1",
                                              "VLLM_CONFIG_ROOT": layout.run})


def arguments(params, layout):
    """The command line. The key goes by a file: neither argv nor the environment shows it."""
    manifest = params["manifest"]
    settings, model = manifest["parameters"], manifest["model"]
    return [program(manifest["engine"]), "serve", model["path"], "--served-model-name", model["label"],
            *listen_arguments(params), "--config", key_file(layout),
            "--max-model-len", str(settings["context_size"]), "--max-num-seqs", str(settings["parallel"])] + manifest["engine"].get("extra", [])


def listen_arguments(params):
    if params["socket"]:
        return ["--uds", params["socket"]]
    return ["--host", "127.0.0.1", "--port", str(params["port"])]


def key_file(layout):
    """vLLM's configuration file with the API key; JSON is YAML too."""
    with open(layout.api_key) as source:
        key = source.read().strip()
    path = os.path.join(layout.run, "vllm.yaml")
    write_file(path, (json.dumps({"api-key": key}) + "\n").encode("ascii"))
    return path


def endpoints(record):
    return {"health": "/health", "load": "/metrics", "metrics": "/metrics", "models": "/v1/models", "key": True,
            "socket": True}
