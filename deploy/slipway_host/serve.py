"""The engine process."""

import contextlib
import os

from slipway_host.engine.kinds import engine_module
from slipway_host.guard import die_with_parent


def command_serve(params):
    # A group of its own: what the engine starts can be ended with it.
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    module = engine_module(params["manifest"]["engine"]["kind"])
    if params["watch"] == "prctl" and not getattr(module, "GUARDS", False):
        die_with_parent(params["supervisor"])
    module.serve(params)
