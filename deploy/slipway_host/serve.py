"""The engine process."""

from slipway_host.engine.llama_server import serve_binary
from slipway_host.engine.xllamacpp_server import serve_wheel
from slipway_host.guard import die_with_parent, die_with_pipe


def command_serve(params):
    if params["watch"] == "prctl":
        die_with_parent(params["supervisor"])
    elif params["manifest"]["engine"]["source"] == "wheel":
        die_with_pipe(params["watch_fd"])
    if params["manifest"]["engine"]["source"] == "wheel":
        serve_wheel(params)
    else:
        serve_binary(params)
