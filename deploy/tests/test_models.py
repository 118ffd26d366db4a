"""Models from a path, an upload and an address; each bad one ends in its own error."""

import hashlib
import os
import signal
import struct
import time
import unittest

from script_case import ModelServer, Run, ScriptCase, listing, mounted, read_until
import practice_model
from slipway_host.filesystem import remove_tree, write_json
from slipway_host.model.gguf import GGML_TYPES, model_label
from slipway_host.model.plan import ModelPlan

CONTENT = practice_model.build(endless=True)
SHA256 = practice_model.ENDLESS_SHA256


class Models(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.path = os.path.join(self.folder, "my model.gguf")

    def write(self, content, path=None):
        path = path or self.path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)
        return path

    def serve(self, content=CONTENT):
        server = ModelServer(content)
        self.addCleanup(server.close)
        return server

    def by_path(self, **more):
        return dict({"kind": "path", "path": self.path}, **more)

    def by_url(self, server, path="/files/some%20model.gguf", **more):
        return dict({"kind": "url", "url": server.base + path}, **more)

    def test_a_path(self):
        self.write(CONTENT)
        data = self.ok("install", model=self.by_path())
        self.assertEqual((data["model"]["label"], data["model"]["bytes"], data["model"]["architecture"],
                          data["model"]["context_train"]), ("my model", len(CONTENT), "llama", 4096))
        self.assertFalse(os.path.exists(self.layout.models))
        self.assertFalse(self.ok("install", model=self.by_path())["changed"])
        self.ok("install", model=self.by_path(sha256=SHA256.upper()))
        run = self.fails("hash_mismatch", "install", model=self.by_path(sha256="0" * 64))
        self.assertEqual((run.params["actual"], run.params["what"]), (SHA256, "model"))
        self.ok("uninstall")
        self.assertTrue(os.path.exists(self.path), "a user's own file is never removed")

    def test_an_upload(self):
        path = self.write(CONTENT, os.path.join(self.layout.models, "uploaded.gguf"))
        model = {"kind": "uploaded", "path": path, "sha256": SHA256}
        run = self.call("install", model=model)
        self.assertTrue(run.data["changed"])
        self.assertIn("verify_file", run.stages())
        again = self.call("install", model=model)
        self.assertFalse(again.data["changed"])
        self.assertNotIn("verify_file", again.stages())
        self.fails("hash_mismatch", "install", model=dict(model, sha256="0" * 64))
        self.assertFalse(os.path.exists(path), "a damaged upload is removed")

    def test_bad_files(self):
        header = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
        for name, content, code in (
                ("absent", None, "model_not_found"), ("empty", b"", "model_not_gguf"),
                ("page", b"<!DOCTYPE html>", "model_not_gguf"), ("short", b"GGUF\3\0", "model_truncated"),
                ("cut in the header", CONTENT[:5000], "model_truncated"),
                ("cut at the end", CONTENT[:-1], "model_truncated"),
                ("old version", b"GGUF" + struct.pack("<IQQ", 1, 1, 1) + bytes(100), "model_not_gguf"),
                ("too many", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1) + bytes(100), "model_not_gguf"),
                ("long name", header + struct.pack("<Q", 1 << 50) + bytes(100), "model_not_gguf"),
                ("many dimensions", header + struct.pack("<QI", 0, 99) + bytes(100), "model_not_gguf"),
                ("huge tensor", header + struct.pack("<QIQQIQ", 0, 2, 1 << 40, 1 << 20, 0, 0), "model_truncated")):
            with self.subTest(name):
                if content is not None:
                    self.write(content)
                run = self.fails(code, "install", model=self.by_path())
                self.assertEqual(run.params["path"], self.path)
                self.assertFalse(os.path.exists(self.layout.deployments))
        self.fails("model_not_gguf", "install", model={"kind": "path", "path": self.folder})
        self.fails("model_not_found", "install", model={"kind": "path", "path": "relative.gguf"})

    def test_a_split_model_needs_all_parts(self):
        first = self.write(CONTENT, os.path.join(self.folder, "big-00001-of-00002.gguf"))
        run = self.fails("model_not_found", "install", model={"kind": "path", "path": first})
        self.assertIn("00002-of-00002", run.params["path"])
        self.write(CONTENT, first.replace("00001", "00002"))
        self.assertEqual(model_label(first), "big")
        self.ok("install", model={"kind": "path", "path": first})

    def test_an_address(self):
        server = self.serve()
        model = self.by_url(server, sha256=SHA256)
        data = self.ok("install", model=model)
        self.assertEqual((data["model"]["label"], data["model"]["sha256"]), ("some_model", SHA256))
        self.assertEqual([name for name in listing(self.layout.models) if ".part" in name], [])
        self.assertFalse(self.ok("install", model=model)["changed"])
        remove_tree(os.path.join(self.layout.deployment, "versions"))
        self.ok("install", model=model)
        self.assertEqual(len(server.requests), 1)
        self.ok("start")
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})

    def test_a_cut_download_is_resumed(self):
        server = self.serve()
        server.cut_after, server.cuts = 700000, 2
        data = self.ok("install", model=self.by_url(server, sha256=SHA256))
        self.assertEqual([asked for _, asked in server.requests], [None, "bytes=700000-", "bytes=1400000-"])
        self.assertEqual(data["model"]["sha256"], SHA256)

    def test_a_lost_link_is_resumed_by_the_next_run_and_a_cancel_is_not(self):
        for way, resumed in ((signal.SIGHUP, True), ("closed", True), (signal.SIGTERM, False)):
            with self.subTest(way):
                server = self.serve()
                server.pause = 0.1
                model = self.by_url(server, sha256=SHA256)
                process = self.begin("install", model=model)
                text = ""
                while '"stage": "model"' not in text or '"done": 0' in text:
                    text = read_until(process, '"stage": "model"')
                time.sleep(0.3)
                if way == "closed":
                    process.stdout.close()
                else:
                    process.send_signal(way)
                    self.assertEqual(Run(process.stdout.read().decode(), 1, 0).code, "cancelled")
                self.assertEqual(process.wait(20), 1)
                self.assertFalse(os.path.exists(self.layout.lock))
                server.pause = 0.0
                self.assertEqual(os.path.exists(self.layout.models), resumed)
                self.ok("install", model=model)
                self.assertEqual(server.requests[1][1] is not None, resumed)
                self.assertEqual(len(server.requests), 2)
                remove_tree(self.layout.models)

    def test_another_file_at_the_address_starts_over(self):
        server = self.serve()
        path = ModelPlan({"model": self.by_url(server)}, self.layout, None).path
        for validator in ('"two"', None):
            with self.subTest(validator):
                os.makedirs(os.path.dirname(path))
                self.write(b"GGUF other bytes", path + ".part")
                write_json(path + ".part.json", {"url": server.base + "/files/some%20model.gguf",
                                                        "validator": validator, "total": 9999999})
                self.assertEqual(self.ok("install", model=self.by_url(server))["model"]["sha256"], SHA256)
                remove_tree(self.layout.models)
                remove_tree(os.path.join(self.layout.deployment, "versions"))

    def test_a_server_without_ranges(self):
        server = self.serve()
        server.ranges = False
        server.cut_after, server.cuts = 700000, 1
        self.ok("install", model=self.by_url(server, sha256=SHA256))

    def test_bad_answers(self):
        server = self.serve()
        run = self.fails("model_unreachable", "install", model=self.by_url(server, "/missing.gguf?token=secret"))
        self.assertIn("404", run.params["detail"])
        self.assertNotIn("secret", run.output)
        run = self.fails("hash_mismatch", "install", model=self.by_url(server, sha256="0" * 64))
        self.assertEqual(run.params["actual"], SHA256)
        server.content = b"<html>" + bytes(3000000)
        self.fails("model_not_gguf", "install", model=self.by_url(server))
        server.content = CONTENT[:-5000]
        self.fails("model_truncated", "install", model=self.by_url(server))
        server.cut_after, server.cuts = 0, 99
        run = self.fails("model_unreachable", "install", model=self.by_url(server))
        self.assertEqual(os.listdir(self.root), ["engines"])

    def test_addresses_that_are_none(self):
        for url in ("ftp://host/model.gguf", "file:///etc/passwd", "model.gguf", "http://", "http://host:port/x",
                    "https://me:secret@host/x.gguf", "http://ho st/x", 5, None):
            with self.subTest(url):
                run = self.fails("model_url_invalid", "install", model={"kind": "url", "url": url})
                self.assertNotIn("secret", run.output)
        run = self.fails("model_unreachable", "install", model={"kind": "url", "url": "http://127.0.0.1:9/x.gguf"})
        self.assertIn("efused", run.params["detail"])
        self.assertEqual(os.listdir(self.root), ["engines"])

    def test_a_disk_too_small_for_the_model(self):
        server = self.serve()
        with mounted(self, os.path.join(self.folder, "mount"), "size=1m") as path:
            root = os.path.join(path, "v1")
            for with_length in (True, False):
                with self.subTest(with_length=with_length):
                    server.with_length = with_length
                    os.makedirs(os.path.join(root, "engines"))
                    os.symlink(os.path.realpath(self.layout.engine),
                               os.path.join(root, "engines", os.path.basename(self.layout.engine)))
                    run = self.fails("disk_full", "install", root=root, model=self.by_url(server))
                    self.assertTrue(run.params["free"])
                    self.assertEqual(os.listdir(root), ["engines"])
                    remove_tree(root)


class Gguf(unittest.TestCase):
    def test_tensor_sizes(self):
        """Blocks of llama.cpp's ggml-common.h, in bytes and values, for the commonest types."""
        for kind, bits in ((0, 32), (1, 16), (2, 4.5), (8, 8.5), (12, 4.5), (14, 6.5625), (30, 16)):
            block_bytes, block_values = GGML_TYPES[kind]
            self.assertEqual(block_bytes * 8 / block_values, bits)

    def test_sha256(self):
        self.assertEqual(hashlib.sha256(CONTENT).hexdigest(), SHA256)


if __name__ == "__main__":
    unittest.main()
