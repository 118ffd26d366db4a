"""What a deployment is: engine, model and parameters, and the key of its API."""

import base64
import hashlib
import json
import os
import re

from slipway_host.fault import Failure
from slipway_host.filesystem import read_json, write_file
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


def read_manifest(layout):
    manifest = read_json(layout.manifest)
    if manifest and all(isinstance(manifest.get(key), dict) for key in ("engine", "model", "parameters")):
        return manifest
    return None


def need_manifest(layout):
    manifest = read_manifest(layout)
    if manifest is None:
        raise Failure("not_deployed", "Nothing is deployed on this host under the name %s." % layout.name)
    return manifest


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
