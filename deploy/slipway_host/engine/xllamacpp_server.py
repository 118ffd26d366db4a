"""The engine of the wheel, inside this process."""

import signal
import sys
import threading

from slipway_host.engine.llama_server import LOAD_VERBOSITY
from slipway_host.engine.prompt_cache import prompt_cache_mib
from slipway_host.layout import Layout


def serve_wheel(params):
    """The engine inside this process: llama.cpp's server from the wheel."""
    manifest = params["manifest"]
    settings, model = manifest["parameters"], manifest["model"]
    sys.path.insert(0, manifest["engine"]["site"])
    import xllamacpp
    with open(Layout(params).api_key) as source:
        key = source.read().strip()
    engine = xllamacpp.CommonParams()
    engine.model.path = model["path"]
    engine.model_alias = {model["label"]}
    # A name that ends in .sock is a unix socket to llama.cpp.
    engine.hostnames = [params["socket"] or "127.0.0.1"]
    if not params["socket"]:
        engine.port = params["port"]
    engine.api_keys = [key]
    engine.n_ctx = settings["context_size"]
    engine.n_parallel = settings["parallel"]
    engine.kv_unified = True
    engine.use_jinja = True
    engine.endpoint_metrics = True
    engine.endpoint_slots = True
    engine.cache_ram_mib = prompt_cache_mib(model)
    if settings["threads"]:
        engine.cpuparams.n_threads = settings["threads"]
        engine.cpuparams_batch.n_threads = settings["threads"]
    if settings["gpu_layers"] is not None:
        engine.n_gpu_layers = settings["gpu_layers"]
    tell_devices(xllamacpp, engine)
    # While it loads, a signal ends the process at once; only then can it be asked to stop.
    server = xllamacpp.Server(engine)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    while not done.wait(3600):
        pass
    del server


def tell_devices(xllamacpp, engine):
    """Prints what the wheel can compute on, which its own log does not tell; engine/device.py reads it."""
    told = []
    for found in xllamacpp.get_device_info():
        card = found["type"].name.endswith("GPU")
        told.append("%s %s" % ("GPU" if card else "CPU", found["description"] or found["name"]))
        if card:
            # At this level the engine tells how many layers the card took.
            engine.verbosity = LOAD_VERBOSITY
    print("[slipway] devices: " + "; ".join(told), flush=True)
