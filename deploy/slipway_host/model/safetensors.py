"""Models as a folder: config.json and safetensors files, as Hugging Face hands them out."""

import json
import os
import struct

from slipway_host.fault import Failure
from slipway_host.filesystem import read_json
from slipway_host.model.shape import config_shape
from slipway_host.units import size_text

LONGEST_HEADER = 100 * 1000 * 1000
# Bits per value.
TYPES = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8,
         "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4}


def safetensors_header(path):
    """The tensors of one file as {name: {dtype, shape, data_offsets}}; raises if the file is cut or another."""
    try:
        size = os.stat(path).st_size
        with open(path, "rb") as source:
            start = source.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= LONGEST_HEADER:
                raise no_safetensors(path)
            data = source.read(length)
    except OSError:
        raise Failure("model_not_found", "There is no model file %s on the host." % path, path=path)
    if len(data) < length:
        raise truncated(path, 8 + length, size)
    try:
        tensors = json.loads(data.decode("utf-8"))
        tensors.pop("__metadata__", None)
        end = max([int(entry["data_offsets"][1]) for entry in tensors.values()] or [0])
        for entry in tensors.values():
            count_of(entry["shape"])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise no_safetensors(path)
    if size < 8 + length + end:
        raise truncated(path, 8 + length + end, size)
    return tensors


def count_of(shape):
    count = 1
    for dimension in shape:
        if not isinstance(dimension, int) or dimension < 0:
            raise ValueError("a dimension")
        count *= dimension
    return count


def no_safetensors(path):
    return Failure("model_not_safetensors", "%s is not a safetensors model file." % path, path=path)


def truncated(path, expected, size):
    return Failure("model_truncated", "The model file %s is cut: it has %s of at least %s."
                   % (path, size_text(size), size_text(expected)), path=path, expected=expected, actual=size)


def safetensors_facts(folder):
    """{name, architecture, context_train, shape} of a complete folder."""
    config = read_json(os.path.join(folder, "config.json"))
    if config is None:
        raise Failure("model_not_found", "There is no config.json in %s." % folder, path=folder)
    names = weight_files(folder)
    if not names:
        raise Failure("model_not_found", "There are no safetensors files in %s." % folder, path=folder)
    weights = parameters = 0
    for name in names:
        for entry in safetensors_header(os.path.join(folder, name)).values():
            count = count_of(entry["shape"])
            parameters += count
            weights += count * TYPES.get(entry.get("dtype"), 16) // 8
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    context = text.get("max_position_embeddings") or text.get("n_positions")
    architectures = config.get("architectures")
    return {"name": None,
            "architecture": architectures[0] if isinstance(architectures, list) and architectures
            and isinstance(architectures[0], str) else config.get("model_type"),
            "context_train": context if isinstance(context, int) else None,
            "shape": config_shape(config, weights, parameters, quantisation_of(config))}


def weight_files(folder):
    """The safetensors files that belong to a model: those of its index, else all."""
    index = read_json(os.path.join(folder, "model.safetensors.index.json"))
    if index and isinstance(index.get("weight_map"), dict):
        # A name with a folder in it would read elsewhere.
        return sorted({os.path.basename(str(name)) for name in index["weight_map"].values()})
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".safetensors"))
    except OSError:
        return []


def quantisation_of(config):
    """awq, gptq, fp8 and the like, else the type of the weights; None if the file does not tell."""
    quantisation = config.get("quantization_config") or config.get("quantization")
    if isinstance(quantisation, dict):
        bits = quantisation.get("bits") or quantisation.get("w_bit")
        method = quantisation.get("quant_method") or "quantised"
        return "%s-%s" % (method, bits) if bits else str(method)
    kind = config.get("torch_dtype") or config.get("dtype")
    return kind if isinstance(kind, str) else None


def folder_marks(folder):
    """(bytes, newest change in nanoseconds) of the files of a folder: tells whether it was touched."""
    size = newest = 0
    for directory, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            try:
                found = os.stat(os.path.join(directory, name))
            except OSError:
                continue
            size, newest = size + found.st_size, max(newest, found.st_mtime_ns)
    return size, newest
