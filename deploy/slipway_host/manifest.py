"""What a deployment is: engine, model and parameters, and the key of its API."""

import base64
import hashlib
import json
import os
import re

from slipway_host.engine.kinds import MODULES
from slipway_host.filesystem import write_file
from slipway_host.params import int_param
from slipway_host.wire import OUT

DEFAULT_CONTEXT = 8192


def wanted_settings(params):
    """The engine's settings as asked for."""
    return {"context_size": int_param(params, "context_size", 256, 16 * 1024 * 1024),
            "parallel": int_param(params, "parallel", 1, 256, 4),
            "threads": int_param(params, "threads", 1, 1024),
            "gpu_layers": int_param(params, "gpu_layers", 0, 10000)}


def launch_parameters(settings, model):
    """The engine's settings with the defaults filled in."""
    train = model["context_train"] or 4096
    context = settings["context_size"]
    if context and context > train:
        OUT.log("The context of %d tokens was lowered to the %d that the model was made for."
                % (context, train), "warn")
        context = train
    # The tiny model is much slower when threads wait for each other.
    return dict(settings, context_size=context or min(train, DEFAULT_CONTEXT),
                threads=settings["threads"] or (1 if model["practice"] else None))


def manifest_id(manifest):
    """Identifies what a start would run, so that a running engine can be compared with it."""
    engine = {key: value for key, value in manifest["engine"].items() if key != "seconds"}
    text = json.dumps([engine, manifest["model"], manifest["parameters"]], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def manifest_problem(manifest):
    """What makes a manifest unusable, as words, or None. Files may be edited by hand."""
    parts = {key: manifest.get(key) for key in ("engine", "model", "parameters")}
    for key, value in parts.items():
        if not isinstance(value, dict):
            return '"%s" is no object' % key
    engine, model, parameters = parts["engine"], parts["model"], parts["parameters"]
    for owner, name, kinds in (
            (engine, "kind", str), (engine, "source", str), (engine, "version", str),
            (engine, "python", (str, type(None))), (model, "kind", str), (model, "label", str),
            (model, "path", (str, type(None))), (model, "practice", bool), (parameters, "context_size", int),
            (parameters, "parallel", int), (parameters, "threads", (int, type(None))),
            (parameters, "gpu_layers", (int, type(None)))):
        if name not in owner or not isinstance(owner[name], kinds):
            return '"%s" is missing or of another kind' % name
    for name, lowest in (("context_size", 1), ("parallel", 1), ("threads", 1), ("gpu_layers", 0)):
        if parameters[name] is not None and parameters[name] < lowest:
            return '"%s" is too small' % name
    if engine["kind"] not in MODULES:
        return "the engine's kind is unknown"
    if model["path"] is not None and not os.path.isabs(model["path"]):
        return "the model's path is not absolute"
    return None


def ensure_api_key(layout):
    """Makes the key once; a redeploy keeps it, so that running clients stay connected."""
    try:
        with open(layout.api_key) as source:
            if re.match(r"[0-9a-f]{64}\s*\Z", source.read()):
                os.chmod(layout.api_key, 0o600)
                return False
    except OSError:
        pass
    write_file(layout.api_key, base64.b16encode(os.urandom(32)).lower() + b"\n")
    return True
