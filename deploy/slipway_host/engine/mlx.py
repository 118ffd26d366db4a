"""MLX: for Macs with Apple silicon. Its server asks for no key; it listens on 127.0.0.1 only."""

import os
import platform

from slipway_host.engine.program import become, missing, need_program, option_list
from slipway_host.engine.uv_environment import EnvironmentPlan, is_complete
from slipway_host.fault import Failure, model_unsupported
from slipway_host.params import object_param


class MlxPlan(EnvironmentPlan):
    kind = "mlx"
    package = "mlx-lm"
    import_name = "mlx_lm"
    default_version = "0.32.2"
    needed_bytes = 2 * 1000 ** 3

    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        if (platform.system(), platform.machine()) != ("Darwin", "arm64"):
            raise Failure("unsupported_platform", "MLX runs on Macs with Apple silicon only.", os=platform.system(),
                          arch=platform.machine())
        if model_plan.format != "safetensors":
            raise model_unsupported("MLX", "models as safetensors")
        self.options = option_list(engine)
        EnvironmentPlan.__init__(self, params, layout, engine)

    def carry_out(self):
        record, changed = EnvironmentPlan.carry_out(self)
        return dict(record, extra=self.options), changed


plan = MlxPlan


def check(record):
    if not is_complete(str(record.get("home"))):
        raise missing(record.get("home"))
    need_program(program(record))


def program(record):
    return os.path.join(record["home"], "environment", "bin", "mlx_lm.server")


def arguments(params):
    manifest = params["manifest"]
    return [program(manifest["engine"]), "--model", manifest["model"]["path"], "--host", "127.0.0.1",
            "--port", str(params["port"])] + manifest["engine"].get("extra", [])


def serve(params):
    become(params, arguments(params), {"HF_HUB_OFFLINE": "1"})


def endpoints(record):
    return {"health": "/health", "load": None, "metrics": None, "models": "/v1/models", "key": False}
