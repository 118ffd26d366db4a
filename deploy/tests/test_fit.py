"""Headers of models, and the estimate of their memory against what the real engine takes."""

import json
import os
import struct
import unittest

from script_case import ScriptCase
import generated_model
import practice_model
from slipway_host.fault import Failure
from slipway_host.model.fit import estimate, kv_bytes_per_token, verdict
from slipway_host.model.gguf import gguf_facts
from slipway_host.model.safetensors import safetensors_facts, safetensors_header
from slipway_host.model.shape import gguf_shape
from stand_in import stand_in
from test_engines import safetensors_folder


def resident_bytes(pid):
    """The memory of a process with the files that it maps."""
    with open("/proc/%d/status" % pid) as source:
        return [int(line.split()[1]) * 1024 for line in source if line.startswith("VmRSS:")][0]


class Measured(ScriptCase):
    # layers, width, heads, key/value heads, feed forward, context: little of all, much cache, many weights.
    SHAPES = ((2, 128, 4, 2, 256, 4096), (8, 512, 8, 8, 1536, 16384), (16, 1024, 16, 4, 3072, 8192))

    def test_the_estimate_is_within_a_fifth_of_the_engines_memory(self):
        if not os.path.isdir("/proc"):
            self.skipTest("needs /proc")
        self.link_engine()
        for number, shape in enumerate(self.SHAPES):
            path = os.path.join(self.folder, "generated-%d.gguf" % number)
            generated_model.write(path, *shape)
            with self.subTest(shape):
                self.ok("install", model={"kind": "path", "path": path}, context_size=shape[-1], threads=1)
                started = self.ok("start")
                self.chat(started["port"], "word", max_tokens=2)
                told = self.ok("fit", device="cpu", context_size=shape[-1])
                parts = next(entry["parts"] for entry in told["contexts"] if entry["context_size"] == shape[-1])
                measured = resident_bytes(started["engine_pid"])
                self.assertAlmostEqual(parts["total"] / measured, 1.0, delta=0.2, msg="%s of %d" % (parts, measured))
                self.assertEqual(parts["total"], sum(parts[name] for name in ("weights", "kv_cache", "compute", "runtime")))

    def test_contexts_and_devices(self):
        path = os.path.join(self.folder, "m.gguf")
        generated_model.write(path, 8, 512, 8, 8, 1536, 16384)
        model = {"kind": "path", "path": path}
        data = self.ok("fit", model=model, device="cpu")
        self.assertEqual([entry["context_size"] for entry in data["contexts"]], [2048, 4096, 8192, 16384])
        self.assertEqual({entry["verdict"] for entry in data["contexts"]}, {"fits"})
        elsewhere = self.ok("fit", model=model, device="cpu", context_size=3000, free_bytes=1000)
        self.assertEqual([entry["context_size"] for entry in elsewhere["contexts"]],
                         [2048, 3000, 4096, 8192, 16384])
        self.assertEqual(({entry["verdict"] for entry in elsewhere["contexts"]}, elsewhere["free_bytes"]),
                         ({"too_big"}, 1000))
        self.assertEqual((data["shape"]["layers"], data["shape"]["kv_heads"], data["shape"]["quantisation"],
                          data["shape"]["vocabulary"]), (8, 8, "F16", len(practice_model.Vocabulary().tokens)))
        binary = os.path.join(self.folder, "bin")
        stand_in(binary, "nvidia-smi", [("query-gpu", 0, "0, GPU-1, T4, 15360, 800, 570.1, 7.5")], (0, ""))
        environment = {"PATH": binary + os.pathsep + os.environ["PATH"]}
        data = self.call("fit", environment=environment, model=model).data
        self.assertEqual((data["device"], data["free_bytes"]), ("gpu", 800 * 1024 ** 2))
        self.assertEqual([entry["verdict"] for entry in data["contexts"]], ["fits", "fits", "tight", "tight"])
        self.fails("model_not_found", "fit", model={"kind": "path", "path": "/nonexistent"})
        self.fails("not_deployed", "fit")


class Headers(ScriptCase):
    def test_the_practice_model(self):
        path = os.path.join(self.folder, "p.gguf")
        practice_model.write(path)
        shape = gguf_facts(path)["shape"]
        self.assertEqual({name: shape[name] for name in ("layers", "width", "heads", "kv_heads", "key_length")},
                         {"layers": 2, "width": 128, "heads": 4, "kv_heads": 2, "key_length": 32})
        self.assertAlmostEqual(shape["weights_bytes"], os.path.getsize(path), delta=20000)

    def test_figures_by_layer_and_latent_attention(self):
        metadata = {"general.architecture": "x", "x.block_count": 3, "x.attention.head_count": [8, 8, 8],
                    "x.attention.head_count_kv": [2, 0, 4], "x.attention.key_length": 64,
                    "x.attention.value_length": 64, "x.embedding_length": 512}
        self.assertEqual(kv_bytes_per_token(gguf_shape(metadata, [])), 6 * 128 * 2)
        metadata.update({"x.attention.kv_lora_rank": 512, "x.rope.dimension_count": 64})
        self.assertEqual(kv_bytes_per_token(gguf_shape(metadata, [])), 3 * 576 * 2)
        self.assertIsNone(kv_bytes_per_token(gguf_shape({"general.architecture": "rwkv"}, [])))
        parts = estimate(gguf_shape({"general.architecture": "rwkv"}, []), 4096)
        self.assertIsNone(parts["kv_cache"])

    def test_a_known_model(self):
        """Llama 3.1 8B: 8192 tokens take one GiB, as its engines print."""
        shape = {"layers": 32, "kv_heads": 8, "key_length": 128, "value_length": 128, "kv_lora_rank": None}
        self.assertEqual(kv_bytes_per_token(shape) * 8192, 1024 ** 3)

    def test_safetensors(self):
        facts = safetensors_facts(safetensors_folder(os.path.join(self.folder, "m"), quantization_config={
            "quant_method": "awq", "bits": 4}))
        self.assertEqual((facts["architecture"], facts["context_train"], facts["shape"]["quantisation"]),
                         ("Qwen3ForCausalLM", 2048, "awq-4"))
        self.assertEqual((facts["shape"]["weights_bytes"], facts["shape"]["parameters"], facts["shape"]["kv_heads"]),
                         (256, 128, 2))

    def test_damaged_safetensors(self):
        folder = safetensors_folder(os.path.join(self.folder, "m"))
        path = os.path.join(folder, "model.safetensors")
        with open(path, "rb") as source:
            whole = source.read()
        for content, code in ((whole[:-1], "model_truncated"), (whole[:20], "model_truncated"),
                              (b"", "model_not_safetensors"), (b"<html>" * 9, "model_not_safetensors"),
                              (struct.pack("<Q", 2) + b"[]", "model_not_safetensors"),
                              (struct.pack("<Q", 1 << 60), "model_not_safetensors"),
                              (struct.pack("<Q", 40) + json.dumps({"a": {"data_offsets": "x"}}).encode().ljust(40),
                               "model_not_safetensors")):
            with open(path, "wb") as out:
                out.write(content)
            with self.subTest(content[:20]), self.assertRaises(Failure) as raised:
                safetensors_header(path)
            self.assertEqual(raised.exception.code, code)

    def test_verdicts(self):
        self.assertEqual([verdict(total, 100) for total in (80, 81, 100, 101)], ["fits", "tight", "tight", "too_big"])
        self.assertEqual(verdict(1, None), "unknown")


if __name__ == "__main__":
    unittest.main()
