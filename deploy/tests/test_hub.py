"""A stand-in hub: listing, redirects, resuming, tokens, and each refusal told apart."""

import hashlib
import http.server
import json
import os
import re
import signal
import threading
import unittest

from script_case import ModelServer, Run, ScriptCase, listing, read_until
import practice_model
from slipway_host.model.hub_listing import choices, quantisation_of
from test_engines import safetensors_folder

CONTENT = practice_model.build()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_secretsecretsecret"


class HubServer:
    """The hub's interface: pages of a listing, a gated repository, files that lie on another server."""

    def __init__(self, files, cdn):
        self.files, self.cdn = files, cdn
        self.token_for = {"org/gated": TOKEN, "org/private": TOKEN}
        self.seen = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.seen.append((self.path, self.headers.get("Authorization")))
                owner.answer(self)

            def reply(self, status, body=b"", **headers):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.base = "http://127.0.0.1:%d" % self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler):
        match = re.match(r"/(?:api/models/)?(org/[\w.-]+)/(revision|tree|resolve)/([^/?]+)(?:/([^?]+))?(\?.*)?\Z",
                         handler.path)
        if not match:
            return handler.reply(500, b"")
        repo, what, revision, path, query = match.groups()
        token = handler.headers.get("Authorization")
        if repo == "org/gated" and token != "Bearer " + TOKEN:
            return handler.reply(403 if token else 401, b"", X_Error_Code="GatedRepo")
        if repo == "org/absent" or (repo == "org/private" and not token):
            return handler.reply(404 if token else 401, b"", X_Error_Code="RepoNotFound")
        if repo == "org/private" and token != "Bearer " + TOKEN:
            return handler.reply(401, b"")
        if revision not in ("main", COMMIT):
            return handler.reply(404, b"", X_Error_Code="RevisionNotFound")
        if what == "revision":
            return handler.reply(200, {"sha": COMMIT, "gated": "manual" if repo == "org/gated" else False,
                                       "private": False})
        if what == "tree":
            entries = [{"type": "directory", "path": "sub"}, {"type": "file", "path": "../evil.gguf", "size": 1}]
            entries += [{"type": "file", "path": name, "size": len(data),
                         "lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}}
                        if not name.endswith(".json") else {"type": "file", "path": name, "size": len(data)}
                        for name, data in self.files.items()]
            half = len(entries) // 2
            if "cursor" in (query or ""):
                return handler.reply(200, entries[half:])
            following = '<%s/api/models/%s/tree/%s?recursive=true&cursor=x>; rel="next"' % (self.base, repo, revision)
            return handler.reply(200, entries[:half], Link=following)
        name = path.replace("%20", " ")
        if name not in self.files:
            return handler.reply(404, b"", X_Error_Code="EntryNotFound")
        if self.cdn and name.endswith(".gguf"):
            return handler.reply(302, b"", Location=self.cdn + "/blob/" + path)
        return handler.reply(200, self.files[name], ETag='"x"')


class Models(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.store = ModelServer(CONTENT)
        self.addCleanup(self.store.close)
        self.hub = HubServer({"README.md": b"#", "tiny-Q4_K_M.gguf": CONTENT, "sub/tiny-F16.gguf": CONTENT}, self.store.base)
        self.addCleanup(self.hub.close)
        self.token = os.path.join(self.folder, "token")
        with open(self.token, "w") as out:
            out.write(TOKEN + "\n")
        os.chmod(self.token, 0o600)

    def model(self, repo="org/open", file="tiny-Q4_K_M.gguf", **more):
        return dict({"kind": "huggingface", "repo": repo, "file": file, "base_url": self.hub.base}, **more)

    def test_a_listing(self):
        data = self.ok("hub", repo="org/open", base_url=self.hub.base)
        self.assertEqual((data["commit"], data["gated"]), (COMMIT, False))
        self.assertEqual(sorted((choice["file"], choice["quantisation"], choice["size"]) for choice in data["choices"]),
                         [("sub/tiny-F16.gguf", "F16", len(CONTENT)), ("tiny-Q4_K_M.gguf", "Q4_K_M", len(CONTENT))])
        self.assertEqual(listing(self.root), {name: size for name, size in listing(self.root).items()
                                              if name.startswith("engines")})

    def test_a_file_is_fetched_once_and_served(self):
        data = self.ok("install", model=self.model(token_file=self.token))
        model = data["model"]
        self.assertEqual((model["repo"], model["commit"], model["sha256"], model["label"]),
                         ("org/open", COMMIT, hashlib.sha256(CONTENT).hexdigest(), "tiny-Q4_K_M"))
        self.assertIn("org--open@0123456789ab", model["path"])
        asked = len(self.hub.seen)
        self.assertFalse(self.ok("install", model=self.model())["changed"])
        self.assertEqual(len(self.hub.seen), asked, "the second run asks nobody")
        self.assertTrue(all(token == "Bearer " + TOKEN for _, token in self.hub.seen))
        self.ok("start")
        for directory, _, names in os.walk(self.root):
            for name in names:
                if "engines" not in directory:
                    with open(os.path.join(directory, name), "rb") as source:
                        self.assertNotIn(TOKEN.encode(), source.read())
        self.ok("uninstall")
        self.assertFalse(os.path.exists(os.path.join(self.root, "models")))

    def test_the_token_stays_with_the_hub(self):
        seen = []
        answer = self.store.answer
        self.store.answer = lambda handler: (seen.append(handler.headers.get("Authorization")), answer(handler))
        self.ok("install", model=self.model("org/gated", token_file=self.token))
        self.assertEqual(seen, [None])

    def test_a_cut_download_is_resumed(self):
        self.store.cut_after, self.store.cuts = 700000, 1
        self.ok("install", model=self.model())
        self.assertEqual([ranges for _, ranges in self.store.requests], [None, "bytes=700000-"])

    def test_a_resumed_file_that_is_another_is_fetched_anew(self):
        folder = os.path.join(self.layout.models, "hub", "org--open@0123456789ab")
        os.makedirs(folder)
        with open(os.path.join(folder, "tiny-Q4_K_M.gguf.part"), "wb") as out:
            out.write(b"GGUF" + b"x" * 1000)
        run = self.call("install", model=self.model())
        self.assertIsNone(run.code, run.output)
        self.assertEqual([ranges for _, ranges in self.store.requests], ["bytes=1004-", None])
        self.assertEqual(os.listdir(folder), ["tiny-Q4_K_M.gguf"])

    def test_another_file_than_listed(self):
        self.store.content = CONTENT[:-1] + b"!"
        run = self.fails("hash_mismatch", "install", model=self.model())
        self.assertEqual(run.params["expected"], hashlib.sha256(CONTENT).hexdigest())
        self.assertFalse(os.path.exists(self.layout.models))

    def test_a_cancelled_download(self):
        self.store.pause = 0.2
        for number, kept in ((signal.SIGHUP, True), (signal.SIGTERM, False)):
            process = self.begin("install", model=self.model())
            read_until(process, '"stage": "model"')
            process.send_signal(number)
            rest = Run(process.stdout.read().decode(), 1, 0)
            self.assertEqual(rest.code, "cancelled")
            self.assertEqual(any(name.endswith(".part") for name in listing(self.root)), kept)

    def test_refusals(self):
        wrong = os.path.join(self.folder, "wrong")
        with open(wrong, "w") as out:
            out.write("hf_other")
        os.chmod(wrong, 0o600)
        for repo, token, code in (
                ("org/gated", None, "model_gated"), ("org/gated", wrong, "model_gated"),
                ("org/private", None, "model_repo_not_found"), ("org/private", wrong, "model_token_refused"),
                ("org/absent", None, "model_repo_not_found"), ("org/absent", self.token, "model_repo_not_found")):
            with self.subTest(repo=repo, token=token):
                run = self.fails(code, "install", model=self.model(repo, token_file=token))
                self.assertEqual(run.params["repo"], repo)
                self.assertNotIn("hf_", run.output)
        self.fails("model_file_not_found", "install", model=self.model(file="other.gguf"))
        self.fails("model_file_not_found", "install", model=self.model(file=None),
                   engine={"kind": "custom", "command": ["/bin/sh", "{port}"]})
        self.fails("model_repo_not_found", "install", model=self.model(revision="v9"))
        self.fails("model_unreachable", "install", model=self.model(base_url="http://127.0.0.1:9"))
        self.assertFalse(os.path.exists(self.layout.models))

    def test_the_fit_is_told_before_a_download(self):
        data = self.ok("fit", model=self.model(), device="cpu")
        self.assertEqual((data["context_train"], data["shape"]["layers"], data["shape"]["kv_heads"]), (4096, 2, 2))
        self.assertEqual(data["contexts"][0]["verdict"], "fits")
        self.assertTrue(all(ranges for _, ranges in self.store.requests))
        self.assertFalse(os.path.exists(self.layout.models))
        local = os.path.join(self.folder, "m.gguf")
        practice_model.write(local)
        self.assertEqual(self.ok("fit", model={"kind": "path", "path": local}, device="cpu")["shape"], data["shape"])
        self.store.ranges = False
        url = {"kind": "url", "url": self.store.base + "/files/m.gguf"}
        self.assertEqual(self.ok("fit", model=url, device="cpu")["shape"], data["shape"])
        self.fails("model_gated", "fit", model=self.model("org/gated"))
        self.fails("model_file_not_found", "fit", model=self.model(file="x.gguf"))
        self.store.content = b"<html>" * 100
        self.fails("model_not_gguf", "fit", model=self.model())

    def test_values_that_make_no_sense(self):
        os.chmod(self.token, 0o644)
        for more in ({"repo": "noslash"}, {"repo": "../.."}, {"repo": "a/b/c"}, {"repo": "org/x?y"}, {"repo": "org/$(id)"},
                     {"file": "../x.gguf"}, {"file": "/x.gguf"}, {"file": "x.bin"}, {"file": "-x.gguf"},
                     {"revision": "../x"}, {"base_url": "ftp://x"}, {"base_url": "http://u:p@x"},
                     {"base_url": "http://x y"}, {"token_file": self.token}, {"token_file": "/nonexistent"}):
            with self.subTest(more):
                self.fails("script_failed", "install", model=dict(self.model(), **more))
        self.assertEqual(self.hub.seen, [])

    def test_safetensors(self):
        folder = safetensors_folder(os.path.join(self.folder, "source"))
        self.hub.files = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as source:
                self.hub.files[name] = source.read()
        self.hub.files.update({"tokenizer.json": b"{}", "pytorch_model.bin": b"x", "sub/config.json": b"{}"})
        choice = self.ok("hub", repo="org/open", base_url=self.hub.base)["choices"][0]
        self.assertEqual((choice["format"], choice["parts"]), ("safetensors", 3))
        command = ["/bin/sh", "-c", "exit 0; {model} {port}"]
        data = self.ok("install", model=self.model(file=None), engine={"kind": "custom", "command": command})
        self.assertEqual((data["model"]["label"], data["model"]["architecture"], data["model"]["context_train"]),
                         ("open", "Qwen3ForCausalLM", 2048))
        self.assertEqual(sorted(os.listdir(data["model"]["path"])),
                         ["config.json", "model.safetensors", "tokenizer.json"])
        self.assertEqual([entry["path"] for entry in self.ok("versions")["models"]], [data["model"]["path"]])


class Names(unittest.TestCase):
    def test_quantisations(self):
        for name, wanted in (("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"), ("model.IQ2_XXS.gguf", "IQ2_XXS"), ("x-f16.gguf", "F16"),
                             ("gpt-oss-20b-MXFP4.gguf", "MXFP4"), ("Llama-3.1-8B.gguf", None), ("UD-Q4_K_XL/m-UD-Q4_K_XL-00001-of-00002.gguf", "UD-Q4_K_XL"),
                             ("phi-4-BF16.gguf", "BF16"), ("q8_0.gguf", "Q8_0")):
            self.assertEqual(quantisation_of(name), wanted, name)

    def test_split_files_are_one_choice(self):
        files = [{"path": "Q8/m-Q8_0-0000%d-of-00002.gguf" % part, "size": 5, "sha256": None} for part in (2, 1)]
        self.assertEqual(choices(files), [{"format": "gguf", "file": "Q8/m-Q8_0-00001-of-00002.gguf",
                                           "quantisation": "Q8_0", "size": 10, "parts": 2}])


if __name__ == "__main__":
    unittest.main()
