"""Whether a model fits: weights + KV cache + compute buffer + what the engine itself takes."""

import os

from slipway_host.engine.kinds import wanted_kind
from slipway_host.fault import Failure
from slipway_host.layout import Layout
from slipway_host.model.gguf import gguf_facts
from slipway_host.model.remote import remote_facts
from slipway_host.model.safetensors import safetensors_facts
from slipway_host.params import bad_param, int_param, object_param, text_param
from slipway_host.probe.gpu import gpu_facts
from slipway_host.probe.hardware import memory_facts
from slipway_host.versions import Versions
from slipway_host.wire import handle_signals

CONTEXTS = (2048, 4096, 8192, 16384, 32768, 65536, 131072)
# 16 bits for each key and value: what the engines use unless told otherwise.
KV_BYTES = 2
# llama.cpp computes this many tokens at once and keeps their logits in 32 bits.
MICRO_BATCH = 512
MIB = 1024 ** 2
# The engine without a model: measured for the wheel on a CPU; a CUDA context with its libraries on a
# card (the figure that Ollama plans with).
RUNTIME_BYTES = {"cpu": 46 * MIB, "gpu": 457 * MIB}
# vLLM profiles with full batches and captures graphs; GPUStack plans the same.
VLLM_SHARE, VLLM_BYTES = 0.2, 2048 * MIB
# Beyond this share of the free memory a model is a tight fit: drivers and displays take some.
EASY_SHARE = 0.8


def kv_bytes_per_token(shape):
    """Bytes of the KV cache for one token of context, or None if the file does not tell enough."""
    layers = shape["layers"]
    if not isinstance(layers, int):
        return None
    if shape.get("kv_lora_rank"):
        # Multi-head latent attention keeps one compressed row and the rotary part.
        return layers * (shape["kv_lora_rank"] + (shape["rope_dimensions"] or 0)) * KV_BYTES
    kv_heads, key, value = shape["kv_heads"], shape["key_length"], shape["value_length"]
    if not kv_heads or not isinstance(key, int) or not isinstance(value, int):
        return None
    total = sum(kv_heads[:layers]) if isinstance(kv_heads, list) else layers * kv_heads
    return total * (key + value) * KV_BYTES


def estimate(shape, context, engine="llama_cpp", gpu=False):
    """{total, weights, kv_cache, compute, runtime} in bytes; kv_cache is None if it is not known.

    Sliding windows are not counted: what they save differs by engine, so that the figure is the most
    that it may be.
    """
    weights = shape["weights_bytes"]
    per_token = kv_bytes_per_token(shape)
    cache = None if per_token is None else per_token * context
    if engine == "vllm":
        compute, runtime = int(weights * VLLM_SHARE), VLLM_BYTES
    else:
        wide = (shape["vocabulary"] or 0) + 4 * (shape["width"] or 0)
        compute, runtime = wide * MICRO_BATCH * 4, RUNTIME_BYTES["gpu" if gpu else "cpu"]
        if not gpu:
            # On a CPU only what was written counts, and the logits of a prompt are those of its last token.
            compute = 4 * (shape["width"] or 0) * MICRO_BATCH * 4
    return {"total": weights + (cache or 0) + compute + runtime, "weights": weights, "kv_cache": cache,
            "compute": compute, "runtime": runtime}


def verdict(total, free):
    """fits, tight or too_big; unknown without a figure for the free memory."""
    if free is None:
        return "unknown"
    return "fits" if total <= free * EASY_SHARE else "tight" if total <= free else "too_big"


def command_fit(params):
    handle_signals()
    layout = Layout(params)
    shape, train = shape_of(params, layout)
    kind = wanted_kind(params)
    device = text_param(params, "device", "auto")
    if device not in ("auto", "cpu", "gpu"):
        raise bad_param("device", "auto, cpu or gpu")
    gpus = [gpu for gpu in gpu_facts() if gpu["memory_free_mb"] is not None] if device != "cpu" else []
    on_gpu = device == "gpu" or bool(gpus)
    free = sum(gpu["memory_free_mb"] for gpu in gpus) * MIB if gpus else None
    if not on_gpu:
        free = memory_facts()["available_bytes"]
    free = int_param(params, "free_bytes", 0, 2 ** 60, free)
    asked = int_param(params, "context_size", 256, 16 * 1024 * 1024)
    usual = [size for size in CONTEXTS if not train or size <= train] or [train]
    contexts = sorted(set(usual + [asked] if asked else usual))
    entries = []
    for context in contexts:
        parts = estimate(shape, context, kind, on_gpu)
        entries.append({"context_size": context, "parts": parts, "verdict": verdict(parts["total"], free)})
    return {"device": "gpu" if on_gpu else "cpu", "free_bytes": free, "context_train": train, "shape": shape,
            "contexts": entries}


def shape_of(params, layout):
    """(shape, context that the model was made for) of a model on the host, or of the deployed one."""
    model = object_param(params, "model")
    if model and model.get("kind") in ("huggingface", "url"):
        facts = remote_facts(model, layout)
        return facts["shape"], facts["context_train"]
    path = text_param(model, "path") if model else None
    if path is None:
        _, manifest = Versions(layout).need_current()
        path = manifest["model"]["path"]
        if path is None:
            raise Failure("model_not_found", "The engine keeps this model itself.", path=manifest["model"]["label"])
    path = os.path.expanduser(path)
    facts = safetensors_facts(path) if os.path.isdir(path) else gguf_facts(path)
    return facts["shape"], facts["context_train"]
