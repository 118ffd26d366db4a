"""Models that the caller brings, and what is left of those that were cut; and links that lead out of the root."""

import hashlib
import os
import time
import unittest

from script_case import ScriptCase, listing
import practice_model

CONTENT = practice_model.build(endless=True)
SHA256 = practice_model.ENDLESS_SHA256
DAY_S = 86400


class UploadCase(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()

    def write(self, path, content=b"x" * 1000, age=0.0):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)
        os.utime(path, (time.time() - age,) * 2)
        return path

    def upload(self, name="my model.gguf", content=CONTENT):
        """A model as an upload leaves it."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.write(os.path.join(self.layout.models, digest[:16], name), content)
        return {"kind": "uploaded", "path": path, "sha256": digest}

    def cleaned(self, **params):
        return sorted((found["kind"], os.path.relpath(found["path"], self.root))
                      for found in self.ok("clean", **params)["removed"])


class Uploads(UploadCase):
    def test_it_is_installed_used_and_removed(self):
        model = self.upload()
        place = "models/%s/my model.gguf" % SHA256[:16]
        data = self.ok("install", model=model)
        self.assertEqual((data["model"]["path"], data["model"]["sha256"], data["model"]["label"], data["changed"]),
                         (model["path"], SHA256, "my model", True))
        self.assertFalse(self.ok("install", model=model)["changed"])
        self.chat(self.ok("start")["port"])
        versions = self.ok("versions")
        self.assertEqual([(found["path"], found["bytes"], found["used_by"][0]["deployment"]) for found in versions["models"]],
                         [(model["path"], len(CONTENT), "default")])
        self.assertTrue(versions["versions"][0]["complete"])
        self.assertEqual(self.cleaned(), [])
        # Two newer versions, and nobody needs it any more.
        for parallel in (1, 2):
            self.ok("install", parallel=parallel)
        self.assertEqual(self.cleaned(keep_models=True), [])
        self.assertEqual(self.cleaned(dry_run=True), [("model", place)])
        self.assertEqual(self.cleaned(), [("model", place)])
        self.assertFalse(os.path.exists(os.path.dirname(model["path"])))
        self.upload()
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})

    def test_two_deployments_share_one(self):
        model = self.upload()
        self.ok("install", model=model)
        self.ok("install", model=model, deployment="second")
        self.ok("uninstall")
        self.assertTrue(os.path.exists(model["path"]))
        self.ok("uninstall", deployment="second")
        self.assertEqual(listing(self.folder), {})

    def test_a_damaged_one_is_removed_with_its_folder(self):
        for content, code in ((CONTENT[:-1], "model_truncated"), (b"<html>", "model_not_gguf")):
            model = self.upload(content=content)
            self.fails(code, "install", model=model)
            self.assertFalse(os.path.exists(os.path.dirname(model["path"])))
        model = self.upload()
        other = self.write(os.path.join(os.path.dirname(model["path"]), "other.gguf"))
        self.fails("hash_mismatch", "install", model=dict(model, sha256="0" * 64))
        self.assertEqual((os.path.exists(model["path"]), os.path.exists(other)), (False, True))

    def test_a_file_that_is_no_upload_is_left(self):
        for path in (os.path.join(self.folder, "mine.gguf"), os.path.join(self.layout.models, "deeper", "mine.gguf"),
                     os.path.join(self.layout.models, SHA256[:15] + "x", "mine.gguf")):
            self.write(path, b"<html>")
            self.fails("model_not_gguf", "install", model={"kind": "uploaded", "path": path, "sha256": SHA256})
            self.assertTrue(os.path.exists(path))

    def test_cut_uploads(self):
        folder = os.path.join(self.layout.models, SHA256[:16])
        resumable = folder + "/big.gguf.part-" + SHA256[:16]
        fresh = self.write(resumable, age=7 * DAY_S - 600)
        self.write(folder + "/small.gguf.part-0123abcd", age=600)
        self.ok("install")
        self.assertEqual(self.cleaned(), [])
        self.assertEqual([found["path"] for found in self.ok("versions")["models"]], [self.layout.models + "/practice.gguf"])
        self.write(folder + "/small.gguf.part-0123abcd", age=4000)
        self.assertEqual(self.cleaned(), [("download", os.path.relpath(folder, self.root) + "/small.gguf.part-0123abcd")])
        # An install leaves what can be resumed, also in the folder of models itself.
        beside = self.write(os.path.join(self.layout.models, "x.gguf.part-" + SHA256[:16]), age=2 * DAY_S)
        self.ok("install", parallel=2)
        self.assertTrue(os.path.exists(beside) and os.path.exists(fresh))
        self.write(resumable, age=7 * DAY_S + 600)
        self.assertEqual(self.cleaned(keep_models=True), [])
        self.assertEqual(self.cleaned(), [("download", os.path.relpath(resumable, self.root))])
        self.write(resumable)
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})

    def test_a_model_whose_name_looks_like_a_cut_one(self):
        for name in ("model.part-2.gguf", "a.tmp-x.gguf", "b.part-0123456789abcdef.gguf"):
            model = self.upload(name)
            self.ok("install", model=model)
            os.utime(model["path"], (1, 1))
            self.ok("install", model=model)
            self.assertEqual([kind for kind, path in self.cleaned() if os.path.basename(path) == name], [])
            self.assertIn(model["path"], [found["path"] for found in self.ok("versions")["models"]])

    def test_a_folder_that_is_still_sent(self):
        folder = os.path.join(self.layout.models, "big.part-0123abcd")
        self.write(folder + "/config.json", b"{}")
        self.write(folder + "/model.safetensors")
        self.ok("install")
        self.assertEqual(self.cleaned(), [])
        for path in (folder + "/config.json", folder + "/model.safetensors", folder):
            os.utime(path, (1, 1))
        self.assertEqual(self.cleaned(), [("download", "models/big.part-0123abcd")])


class Links(UploadCase):
    """A user may have moved a folder to a bigger disk: what lies there may be somebody else's."""

    def move_out(self, path):
        """Puts a folder elsewhere with a link in its place, and a file of the user's own into it; where it is now."""
        outside = os.path.join(self.folder, "outside", os.path.basename(path))
        os.makedirs(os.path.dirname(outside), exist_ok=True)
        os.rename(path, outside)
        os.symlink(outside, path)
        self.write(os.path.join(outside, "letters", "mine.txt"))
        os.makedirs(os.path.join(outside, "empty folder of mine"))
        return outside

    def test_models_elsewhere(self):
        model = self.upload()
        self.ok("install", model=model)
        outside = self.move_out(self.layout.models)
        self.write(os.path.join(outside, "mine.gguf"), CONTENT)
        self.write(os.path.join(outside, "mine.gguf.part-0123abcd"), age=DAY_S)
        before = listing(outside)
        self.assertFalse(self.ok("install", model=model)["changed"])
        self.ok("start")
        self.assertEqual(self.cleaned(dry_run=True), [])
        self.assertEqual(self.cleaned(), [])
        mine = os.path.join(self.layout.models, "mine.gguf")
        self.fails("hash_mismatch", "install", model=dict(model, path=mine, sha256="0" * 64))
        self.ok("uninstall")
        self.assertEqual(listing(outside), before)
        self.assertEqual(os.listdir(self.root), ["models"], "the link is the user's")

    def test_engines_and_deployments_elsewhere(self):
        for name in ("engines", "deployments", "versions", "script"):
            with self.subTest(name):
                if not os.path.lexists(self.layout.engine):
                    self.link_engine()
                for parallel in (1, 2, 3):
                    self.ok("install", parallel=parallel)
                path = {"versions": os.path.join(self.layout.deployment, "versions")}.get(name, os.path.join(self.root, name))
                os.makedirs(path, exist_ok=True)
                outside = self.move_out(path)
                before = listing(outside)
                self.assertEqual([found for found in self.cleaned() if found[0] != "script"], [])
                self.ok("uninstall")
                self.assertEqual(listing(outside), before)
                if os.path.islink(path):
                    os.unlink(path)
                self.ok("uninstall")

    def test_links_inside_are_removed_and_not_followed(self):
        self.ok("install")
        outside = os.path.join(self.folder, "outside")
        self.write(outside + "/mine.gguf", CONTENT)
        before = listing(outside)
        os.symlink(outside, os.path.join(self.layout.models, "more"))
        os.symlink(outside + "/mine.gguf", os.path.join(self.layout.models, "linked.gguf"))
        os.symlink(outside, self.layout.python)
        os.symlink(outside, self.layout.wheels)
        self.assertIn(("model", "models/linked.gguf"), self.cleaned())
        self.assertFalse(os.path.lexists(os.path.join(self.layout.models, "linked.gguf")))
        self.ok("uninstall")
        self.assertEqual(listing(outside), before)

    def test_a_root_that_is_a_link_is_ours(self):
        outside = os.path.join(self.folder, "big disk")
        os.makedirs(os.path.dirname(self.root), exist_ok=True)
        os.rename(self.root, outside)
        os.symlink(outside, self.root)
        self.ok("install", model=self.upload())
        self.ok("start")
        self.assertEqual(self.cleaned(), [])
        self.ok("uninstall")
        self.assertEqual(listing(outside), {})


if __name__ == "__main__":
    unittest.main()
