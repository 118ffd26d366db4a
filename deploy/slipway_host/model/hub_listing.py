"""The models of a repository as people choose them: quantisations with sizes."""

import os
import re

from slipway_host.model.hub import Hub
from slipway_host.wire import handle_signals

PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf\Z", re.IGNORECASE)
QUANTISATION = re.compile(r"(?i)(?:^|[-_.])((?:UD-)?(?:I?Q\d(?:_[0-9A-Z]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|FP?16|F32))(?=$|[-_.])")
# What a folder of safetensors needs beside the weights.
SIDE_FILES = re.compile(r"[^/]+\.(json|txt|model|jinja|tiktoken)\Z")


def command_hub(params):
    handle_signals()
    hub = Hub(params)
    info = hub.info()
    files = hub.files(info["commit"])
    return dict(info, repo=hub.repo, revision=hub.revision, choices=choices(files))


def choices(files):
    """[{format, file, quantisation, size, parts}], smallest first; file is null for the safetensors."""
    groups = {}
    for file in files:
        if file["path"].lower().endswith(".gguf"):
            split = PART.match(file["path"])
            groups.setdefault(split.group(1) if split else file["path"], []).append(file)
    found = []
    for parts in groups.values():
        parts = sorted(parts, key=lambda file: file["path"])
        found.append({"format": "gguf", "file": parts[0]["path"], "quantisation": quantisation_of(parts[0]["path"]),
                      "size": sum(file["size"] for file in parts), "parts": len(parts)})
    weights = snapshot(files)
    if weights:
        found.append({"format": "safetensors", "file": None, "quantisation": None,
                      "size": sum(file["size"] for file in weights), "parts": len(weights)})
    return sorted(found, key=lambda choice: choice["size"])


def quantisation_of(path):
    stem = PART.sub(r"\1", path)
    stem = re.sub(r"(?i)\.gguf\Z", "", os.path.basename(stem))
    match = QUANTISATION.search(stem)
    return match.group(1).upper() if match else None


def snapshot(files):
    """The files of a model as safetensors, those in the top folder; empty if it is none."""
    weights = [file for file in files if re.match(r"[^/]+\.safetensors\Z", file["path"])]
    # One file for all beside the parts of the same: the parts are what the index names.
    parts = [file for file in weights if re.match(r"model-\d{5}-of-\d{5}\.safetensors\Z", file["path"])]
    side = [file for file in files if SIDE_FILES.match(file["path"])]
    if not weights or not any(file["path"] == "config.json" for file in side):
        return []
    # The configuration comes last: a folder with it is complete.
    side.sort(key=lambda file: file["path"] == "config.json")
    return (parts or weights) + side


def parts_of(files, path):
    """The files that a choice needs; empty if it is not there."""
    split = PART.match(path)
    if not split:
        return [file for file in files if file["path"] == path]
    wanted = ["%s-%05d-of-%s.gguf" % (split.group(1), number, split.group(3))
              for number in range(1, int(split.group(3)) + 1)]
    by_path = {file["path"]: file for file in files}
    return [by_path[name] for name in wanted] if all(name in by_path for name in wanted) else []
