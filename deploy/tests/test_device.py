"""What an engine computes on: the real engine's own words, and lines as engines with cards print them."""

import json
import os
import unittest

from script_case import ScriptCase, engine_cache, wait_for
from slipway_host.engine.device import UNKNOWN, DeviceWords
from stand_in import stand_in
import practice_model
import test_engines
import test_server


class RealEngine(ScriptCase):
    def test_the_wheel_computes_on_the_processor(self):
        self.link_engine()
        self.ok("install")
        self.assertEqual(self.ok("status")["device"], UNKNOWN)
        for listen in ("port", "socket"):
            started = self.ok("start", listen=listen, log_bytes=2000)
            self.assertEqual(started["device"]["used"], "cpu")
            self.assertTrue(started["device"]["detail"])
            self.assertEqual(started["log_path"], self.layout.engine_log)
        port = self.ok("start", listen="port", log_bytes=2000)["port"]
        for _ in range(20):
            self.chat(port, max_tokens=1)
        # The line that told it has left the log by now.
        self.assertFalse(any("devices" in line for line in self.ok("logs", lines=1000)["lines"]))
        status = self.ok("status")
        self.assertEqual((status["device"], status["log_path"]), (started["device"], self.layout.engine_log))
        os.kill(status["engine_pid"], 9)
        self.assertTrue(wait_for(lambda: self.state().get("restarts") == 1 and self.state()["state"] == "ready"))
        self.assertEqual(self.ok("status")["device"], started["device"])
        self.ok("stop")
        self.assertEqual(self.ok("status")["device"], UNKNOWN)

    def test_a_llama_server_whose_log_tells_it(self):
        """The same engine behind a llama-server's options; its log is what llama.cpp prints."""
        cache, _ = engine_cache()
        program = test_server.LlamaServer.PROGRAM % os.path.join(cache.engine, "bin", "python")
        new = 'parser.add_argument("--log-verbosity", help="Values: - 3: info - 4: trace (more info)")\ngiven = parser'
        program = program.replace("given = parser", new).replace(
            "server = ", "params.verbosity = int(given.log_verbosity or 3)\nserver = ")
        for text, used in ((program, "cpu"), (program.replace("4: trace", "4: everything"), None)):
            binary = os.path.join(self.folder, "llama-server")
            with open(binary, "w") as out:
                out.write(text)
            os.chmod(binary, 0o755)
            engine = self.ok("install", engine={"kind": "llama_cpp", "source": "binary", "binary": binary})["manifest"]["engine"]
            self.assertEqual("--log-verbosity" in engine["options"], used is not None)
            device = self.ok("start")["device"]
            self.assertEqual(device["used"], used, device)
            self.assertEqual("CPU_Mapped" in device["detail"], used is not None)
            self.ok("stop")


class OtherEngines(test_engines.Stands):
    def test_ollama_by_its_own_word(self):
        self.program("ollama", test_engines.Ollama.SCRIPT)
        self.run_ok("install", engine={"kind": "ollama"}, model={"kind": "ollama", "name": "qwen3:8b"})
        self.assertEqual(self.run_ok("start")["device"], {"used": None, "detail": "no model is loaded"})
        for size_vram, expected in ((6 * 10 ** 9, ("gpu", "6.0 GB of 6.0 GB on a card")),
                                    (10 ** 9, ("gpu", "1.0 GB of 6.0 GB on a card")),
                                    (0, ("cpu", "0 B of 6.0 GB on a card")), ("x", (None, ""))):
            with open(os.path.join(self.folder, "ps.json"), "w") as out:
                json.dump({"models": [{"name": "qwen3:8b", "size": 6 * 10 ** 9, "size_vram": size_vram}]}, out)
            device = self.run_ok("status")["device"]
            self.assertEqual((device["used"], device["detail"]), expected)

    def test_vllm_by_its_log(self):
        self.program("uv", test_engines.UV)
        model = {"kind": "path", "path": test_engines.safetensors_folder(os.path.join(self.folder, "tiny"))}
        self.run_ok("install", engine={"kind": "vllm"}, model=model)
        self.assertEqual(self.run_ok("start")["device"], {"used": "gpu", "detail": "cuda"})

    def test_a_container_by_what_it_was_given(self):
        self.program("docker", test_engines.DOCKER)
        stand_in(self.bin, "podman", [], (1, "not here"))
        path = os.path.join(self.folder, "model.gguf")
        practice_model.write(path)
        for gpu, used in (("none", "cpu"), ("nvidia", None)):
            self.run_ok("install", engine={"kind": "container", "gpu": gpu}, model={"kind": "path", "path": path})
            self.assertEqual(self.run_ok("start")["device"]["used"], used)
            self.run_ok("stop")


class Words(unittest.TestCase):
    def found(self, *lines):
        words = DeviceWords()
        for line in lines:
            words.read(line)
        return words.found()["used"], words.found()["detail"]

    def test_llama_cpp_with_cards(self):
        using = "llama_prepare_model_devices: using device CUDA0 (NVIDIA GeForce RTX 4090) (0000:01:00.0) - 23010 MiB free"
        buffers = ("load_tensors:   CPU_Mapped model buffer size =   250.00 MiB",
                   "load_tensors:        CUDA0 model buffer size =  4403.50 MiB")
        self.assertEqual(self.found(using, "load_tensors: offloaded 33/33 layers to GPU", *buffers),
                         ("gpu", "33 of 33 layers on a card: NVIDIA GeForce RTX 4090"))
        self.assertEqual(self.found(using.replace(" (0000:01:00.0)", ""), "0.01.2 I load_tensors: offloaded 20/33 layers to GPU"),
                         ("gpu", "20 of 33 layers on a card: NVIDIA GeForce RTX 4090"))
        self.assertEqual(self.found("llm_load_tensors: offloaded 0/33 layers to GPU", *buffers),
                         ("cpu", "0 of 33 layers on a card"))
        self.assertEqual(self.found(*buffers), ("gpu", "CUDA0 4403.50 MiB"))
        self.assertEqual(self.found("llm_load_tensors:        ROCm0 buffer size =  4403.50 MiB")[0], "gpu")
        self.assertEqual(self.found("using device Metal (Apple M3) - 12288 MiB free",
                                    "load_tensors: offloaded 33/33 layers to GPU")[1], "33 of 33 layers on a card: Apple M3")

    def test_llama_cpp_without(self):
        for line in ("load_tensors:   CPU_Mapped model buffer size =     1.61 MiB",
                     "load_tensors:    CUDA_Host model buffer size =  4000.00 MiB",
                     "load_tensors:   CPU_REPACK model buffer size =  4000.00 MiB",
                     "warning: no usable GPU found, --gpu-layers option will be ignored"):
            self.assertEqual(self.found(line)[0], "cpu", line)

    def test_the_wheel_and_vllm(self):
        self.assertEqual(self.found("[slipway] devices: GPU Apple M3; CPU Apple M3"), ("gpu", "Apple M3"))
        self.assertEqual(self.found("[slipway] devices: CPU Intel GPU 9000"), ("cpu", "Intel GPU 9000"))
        self.assertEqual(self.found("[slipway] devices: GPU Apple M3", "load_tensors: offloaded 0/5 layers to GPU")[0], "cpu")
        for word, used in (("cuda", "gpu"), ("rocm", "gpu"), ("cpu", "cpu")):
            self.assertEqual(self.found("INFO 1 Automatically detected platform %s." % word), (used, word))
        self.assertEqual(self.found("config: model='m', device_config=cuda, structured_outputs")[0], "gpu")

    def test_words_that_tell_nothing(self):
        self.assertEqual(self.found("", "offloaded x/y layers to GPU", "GPU"), (None, ""))


if __name__ == "__main__":
    unittest.main()
