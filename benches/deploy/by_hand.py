"""llama.cpp's server from the wheel, as somebody starts it by hand: serve.py MODEL PORT."""

import signal
import sys

import xllamacpp

engine = xllamacpp.CommonParams()
engine.model.path = sys.argv[1]
engine.hostnames = ["127.0.0.1"]
engine.port = int(sys.argv[2])
engine.n_ctx = 0  # as much as the model was made for
engine.n_parallel = 4
engine.kv_unified = True
engine.use_jinja = True
server = xllamacpp.Server(engine)
signal.pause()
