"""A llama-server that the host already has."""

import os
import re

from slipway_host.engine.prompt_cache import prompt_cache_mib
from slipway_host.fault import Failure
from slipway_host.layout import Layout
from slipway_host.probe.program import find_program
from slipway_host.process import run_text


# The level of llama.cpp's log that tells where a model was loaded to; prompts come one above it.
LOAD_VERBOSITY = 4


def find_llama_server():
    """The path of a llama-server on this host, or None."""
    return find_program("llama-server")


def llama_server_version(binary):
    status, text = run_text([binary, "--version"], 10)
    match = re.search(r"version:\s*(\S+)", text)
    return match.group(1) if match else ("unknown" if status == 0 else None)


def binary_engine(binary):
    """The engine record of a llama-server that the host already has."""
    if not os.path.isabs(binary) or not os.path.isfile(binary) or not os.access(binary, os.X_OK):
        raise Failure("engine_install_failed", "There is no program %s on the host." % binary,
                      detail="not an executable file: " + binary)
    version = llama_server_version(binary)
    if version is None:
        raise Failure("engine_install_failed", "%s does not run." % binary,
                      detail=run_text([binary, "--version"], 10)[1][-500:])
    # Builds differ in what they accept; an unknown option would end the server.
    known = run_text([binary, "--help"], 10)[1]
    options = [name for name in ("--slots", "--metrics", "--jinja", "--kv-unified", "--cache-ram", "--no-webui")
               if re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(name), known)]
    # Before its levels had these names, 4 logged the prompts.
    if "--log-verbosity" in known and re.search(r"\b4: trace", known):
        options.append("--log-verbosity")
    return {"kind": "llama_cpp", "source": "binary", "version": version, "python": None, "binary": binary,
            "options": options, "seconds": 0.0}


def binary_arguments(params):
    manifest = params["manifest"]
    engine, settings, model = manifest["engine"], manifest["parameters"], manifest["model"]
    arguments = [engine["binary"], "--model", model["path"], "--alias", model["label"], "--host", params["socket"] or "127.0.0.1",
                 "--port", str(params["port"] or 8080), "--api-key-file", Layout(params).api_key,
                 "--ctx-size", str(settings["context_size"]), "--parallel", str(settings["parallel"])]
    if settings["threads"]:
        arguments += ["--threads", str(settings["threads"]), "--threads-batch", str(settings["threads"])]
    if settings["gpu_layers"] is not None:
        arguments += ["--n-gpu-layers", str(settings["gpu_layers"])]
    values = {"--cache-ram": [str(prompt_cache_mib(model))], "--log-verbosity": [str(LOAD_VERBOSITY)]}
    for option in engine["options"]:
        arguments += [option] + values.get(option, [])
    return arguments + engine.get("extra", [])
