"""Versions with the real engine: staged, kept, taken back, cleaned; and files edited by hand."""

import hashlib
import json
import os
import signal
import time
import unittest

from script_case import ModelServer, ScriptCase, listing, read_until
import practice_model
from slipway_host.filesystem import read_json, write_json
from slipway_host.process import is_running, start_time
from slipway_host.versions import Versions


class VersionsCase(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()
        self.versions = Versions(self.layout)

    def model(self, name, content=None):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(content or practice_model.build())
        return {"kind": "path", "path": path}

    def deploy(self, parallel, **params):
        """One whole deploy without verification; its version."""
        version = self.ok("install", parallel=parallel, **params)["version"]
        self.ok("start")
        return version

    def slots(self):
        status = self.ok("status")
        return len(json.loads(self.ask(status["port"], "/slots", key=self.key())[1]))

    def broken_model(self):
        return self.model("broken.gguf", practice_model.build().replace(b"llama.block_count", b"llama.block_c0unt"))


class TwoPhases(VersionsCase):
    def test_a_candidate_is_committed(self):
        first = self.deploy(2)
        staged = self.ok("install", parallel=3, stage=True)
        self.assertEqual((staged["candidate"], staged["changed"]), (True, True))
        second = staged["version"]
        self.assertEqual(self.slots(), 2)
        self.fails("candidate_not_running", "commit")
        self.assertEqual(self.ok("status")["candidate"], second)
        self.assertEqual(self.ok("start", candidate=True)["version"], second)
        self.assertEqual(self.slots(), 3)
        status = self.ok("status")
        self.assertEqual((status["version"], status["running_version"]), (first, second))
        done = self.ok("commit")
        self.assertEqual((done["version"], done["previous"], done["changed"]), (second, first, True))
        self.assertFalse(self.ok("commit")["changed"])
        self.assertTrue(self.ok("start")["already_running"])
        self.assertEqual(self.ok("install", parallel=3, stage=True)["candidate"], False)

    def test_a_candidate_that_failed_its_verification_is_left(self):
        first = self.deploy(2)
        port = self.ok("status")["port"]
        self.ok("install", parallel=3, stage=True)
        self.ok("start", candidate=True)
        begun = time.monotonic()
        back = self.ok("rollback")
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual((back["version"], back["running"], back["start"]["port"]), (first, True, port))
        self.assertEqual(self.slots(), 2)
        self.assertEqual(self.versions.names(), [first])

    def test_a_candidate_that_does_not_start_leaves_the_old_one_serving(self):
        first = self.deploy(2)
        self.ok("install", model=self.broken_model(), stage=True)
        run = self.fails("engine_crashed", "start", candidate=True)
        self.assertEqual((run.params["restored"], run.params["reason"]), (first, "bad_model"))
        status = self.ok("status")
        self.assertEqual((status["state"], status["version"], status["candidate"]), ("ready", first, None))
        self.assertEqual(self.slots(), 2)

    def test_an_app_that_vanished_before_its_commit(self):
        first = self.deploy(2)
        self.ok("install", parallel=3, stage=True)
        self.ok("start", candidate=True)
        self.assertEqual(self.ok("start")["version"], first)
        self.assertEqual(self.slots(), 2)
        again = self.ok("install", parallel=3, stage=True)
        self.assertTrue(again["candidate"])
        self.ok("start", candidate=True)
        self.ok("commit")
        self.assertEqual(len(self.versions.names()), 2)

    def test_a_first_deploy_that_is_not_verified(self):
        self.ok("install", stage=True)
        self.fails("not_deployed", "start")
        self.ok("start", candidate=True)
        back = self.ok("rollback")
        self.assertEqual((back["version"], back["running"]), (None, False))
        self.assertEqual(self.ok("status")["state"], "absent")
        self.assertIsNone(self.ok("status")["pid"])

    def test_a_cancelled_candidate(self):
        first = self.deploy(2)
        self.ok("install", parallel=3, stage=True)
        process = self.begin("start", candidate=True)
        read_until(process, '"load"')
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        self.assertEqual(self.ok("start")["version"], first)
        self.assertEqual(self.slots(), 2)


class Rollback(VersionsCase):
    def test_back_and_forth(self):
        self.fails("not_deployed", "rollback")
        first = self.deploy(1)
        self.fails("no_previous_version", "rollback")
        second = self.deploy(2)
        begun = time.monotonic()
        back = self.ok("rollback")
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual((back["version"], back["left"], self.slots()), (first, second, 1))
        self.assertEqual(self.ok("rollback")["version"], second)
        self.assertEqual(self.slots(), 2)
        self.ok("stop")
        stopped = self.ok("rollback", version=first)
        self.assertEqual((stopped["version"], stopped["running"]), (first, False))
        self.ok("start")
        self.assertEqual(self.slots(), 1)
        self.fails("version_unknown", "rollback", version="../../x")

    def test_a_version_that_does_not_start_any_more(self):
        model = self.broken_model()
        first = self.ok("install", model=model)["version"]
        second = self.deploy(2)
        run = self.fails("engine_crashed", "rollback")
        self.assertEqual(run.params["restored"], second)
        self.assertEqual((self.slots(), self.ok("status")["version"]), (2, second))
        os.unlink(model["path"])
        self.assertEqual(self.fails("version_incomplete", "rollback").params["version"], first)

    def test_two_are_kept_and_disk_use_is_told(self):
        first, second, third = self.deploy(1), self.deploy(2), self.deploy(3)
        self.assertEqual(self.versions.names(), [second, third])
        data = self.ok("versions")
        self.assertEqual([(entry["version"], entry["role"], entry["running"], entry["complete"])
                          for entry in data["versions"]],
                         [(third, "current", True, True), (second, "previous", False, True)])
        self.assertNotIn(first, json.dumps(data))
        self.assertEqual(data["models"][0]["used_by"], [{"deployment": "default", "version": second},
                                                        {"deployment": "default", "version": third}])
        self.assertGreater(data["engines"][0]["bytes"], 10 ** 7)
        self.assertGreater(data["total_bytes"], data["models"][0]["bytes"])


    def test_another_model_at_the_same_address_spares_the_one_before(self):
        server = ModelServer(practice_model.build())
        self.addCleanup(server.close)

        def by_address():
            digest = hashlib.sha256(server.content).hexdigest()
            return {"kind": "url", "url": server.base + "/m.gguf", "sha256": digest}

        first = self.ok("install", model=by_address())
        server.content = practice_model.build(endless=True)
        second = self.ok("install", model=by_address())
        self.assertNotEqual(first["model"]["path"], second["model"]["path"])
        self.assertFalse(self.ok("install", model=by_address())["changed"])
        self.assertEqual(self.ok("rollback")["version"], first["version"])
        self.ok("start")
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})


class Clean(VersionsCase):
    def test_what_nothing_uses_goes(self):
        model = self.model("mine.gguf")
        self.deploy(1)
        self.ok("install", deployment="second", parallel=1)
        self.ok("install", model=model)
        self.ok("install", model=model, parallel=2)
        for path in ("engines/vllm-0.1/bin/x", "models/unused.gguf", "script/0123456789ab/deploy_llm_server.py",
                     "engines/.tmp-1/y", "deployments/default/versions/.tmp-9/manifest.json", "models/part.gguf.part", "models/new.gguf.part"):
            os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
            with open(os.path.join(self.root, path), "wb") as out:
                out.write(b"x" * 100)
        os.utime(os.path.join(self.root, "models/part.gguf.part"), (1, 1))
        before = listing(self.root)
        dry = self.ok("clean", dry_run=True)
        self.assertEqual(listing(self.root), before)
        self.assertEqual(sorted(entry["kind"] for entry in dry["removed"]),
                         ["download", "engine", "leftover", "leftover", "model", "script"])
        self.assertEqual(self.ok("clean")["removed"], dry["removed"])
        left = listing(self.root)
        self.assertIn("models/practice.gguf", left, "the second deployment uses it")
        self.assertIn("models/new.gguf.part", left, "it may still grow")
        self.assertTrue(os.path.exists(model["path"]))
        self.assertFalse({"engines/vllm-0.1", "models/unused.gguf", "script", "engines/.tmp-1"} & set(left))
        self.assertEqual(self.ok("clean")["removed_bytes"], 0)
        self.ok("start")

    def test_an_uninstall_leaves_nothing(self):
        self.deploy(1)
        self.deploy(2)
        self.ok("install", parallel=3, stage=True)
        self.ok("uninstall")
        self.assertEqual(sorted(listing(self.folder)), [])


class ByHand(VersionsCase):
    def test_the_layout_before_versions(self):
        first = self.deploy(2)
        manifest = self.versions.manifest(first)
        manifest.pop("version")
        engine = self.state()["engine_pid"]
        started = start_time(engine)
        write_json(self.layout.manifest, manifest)
        for name in ("current.json", "versions"):
            os.rename(os.path.join(self.layout.deployment, name), os.path.join(self.folder, name))
        status = self.ok("status")
        self.assertEqual((status["state"], status["deployed"], status["version"]), ("ready", True, None))
        self.assertEqual(self.ok("versions")["versions"][0]["role"], "current")
        self.assertTrue(os.path.exists(self.layout.manifest), "asking changes nothing")
        again = self.ok("start")
        self.assertTrue(again["already_running"] and is_running(engine, started))
        self.assertEqual(again["version"], first)
        self.assertFalse(os.path.exists(self.layout.manifest))
        self.assertFalse(self.ok("install", parallel=2)["changed"])
        self.deploy(3)
        self.assertEqual(self.ok("rollback")["version"], first)

    def test_a_damaged_manifest_is_named_and_mended(self):
        version = self.deploy(2)
        self.ok("stop")
        path = self.versions.manifest_path(version)
        whole = read_json(path)
        for change in (b"{", b"[]", b"null", b'{"engine": {}, "model": {}, "parameters": {}}', b"\xff\xfe", b"[" * 100000,
                       json.dumps(dict(whole, parameters=dict(whole["parameters"], parallel="many"))).encode(),
                       json.dumps(dict(whole, parameters=dict(whole["parameters"], context_size=-1))).encode(),
                       json.dumps(dict(whole, model=dict(whole["model"], path="relative"))).encode()):
            with self.subTest(change[:60]):
                with open(path, "wb") as out:
                    out.write(change)
                self.assertEqual(self.fails("manifest_damaged", "start").params["path"], path)
                self.assertFalse(self.ok("status")["deployed"])
                self.assertTrue(self.ok("versions")["versions"][0]["damaged"])
        mended = self.ok("install", parallel=2)
        self.assertTrue(mended["changed"])
        self.ok("start")
        self.assertNotEqual(mended["version"], version)

    def test_leftovers_of_the_layout_before_versions(self):
        os.makedirs(self.layout.run)
        for path, text in ((self.layout.manifest, '{"engine": {'), (self.layout.state, "not json"),
                           (self.layout.api_key, ""), (self.layout.pidfile, "%d 1" % os.getpid())):
            with open(path, "w") as out:
                out.write(text)
        self.assertEqual(self.ok("status")["state"], "absent")
        self.fails("not_deployed", "start")
        self.deploy(2)
        self.assertFalse(os.path.exists(self.layout.manifest))
        self.assertEqual(self.slots(), 2)

    def test_a_killed_install_is_repeated(self):
        first = self.deploy(1)
        for path in ("versions/.tmp-77/manifest.json", "current.json.tmp-77"):
            place = os.path.join(self.layout.deployment, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w") as out:
                out.write("{")
        # A version that was written and never pointed to.
        write_json(os.path.join(self.layout.deployment, "versions", "7-0123abcd.json"), {})
        self.assertEqual(self.ok("status")["version"], first)
        self.deploy(2)
        left = [name for name in listing(self.layout.deployment) if ".tmp-" in name]
        self.assertEqual(left, [])
        self.assertEqual(self.ok("rollback")["version"], first)

    def test_an_edit_that_makes_sense_is_followed(self):
        version = self.deploy(2)
        path = self.versions.manifest_path(version)
        manifest = read_json(path)
        manifest["parameters"]["parallel"] = 5
        write_json(path, manifest)
        self.assertFalse(self.ok("start")["already_running"])
        self.assertEqual(self.slots(), 5)

    def test_a_damaged_pointer_heals(self):
        first, second = self.deploy(1), self.deploy(2)
        for text in ("", "[]", '{"current": "../../../etc"}', '{"current": "9-00000000", "candidate": 5}'):
            with open(self.versions.pointer_path, "w") as out:
                out.write(text)
            self.assertEqual(self.ok("status")["version"], second)
            self.assertTrue(self.ok("start")["already_running"])
        self.assertEqual(self.ok("rollback", version=first)["version"], first)

    def test_damaged_run_files_heal(self):
        self.deploy(1)
        self.ok("stop")
        for text in ("", "[]", '{"port": "x", "state": 5, "engine_pid": "1", "restarts": {}}', '{"port": -4}'):
            for path in (self.layout.state, self.layout.launch, self.layout.pidfile):
                with open(path, "w") as out:
                    out.write(text)
            self.ok("status")
            self.ok("stop")
            self.ok("start")
            self.ok("stop")

    def test_a_lock_edited_by_hand(self):
        for owner in ('{"since": -1e308, "host": 5}', '{"since": true}', '{"pid": 1e99, "since": "x"}'):
            os.makedirs(self.layout.lock, exist_ok=True)
            with open(os.path.join(self.layout.lock, "owner.json"), "w") as out:
                out.write(owner)
            run = self.call("install", lock_wait_s=0)
            self.assertIn(run.code, (None, "lock_held"), run.output)


if __name__ == "__main__":
    unittest.main()
