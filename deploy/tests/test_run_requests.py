"""What is asked of a run: every value is checked, secrets stay private, and nobody is led elsewhere."""

import json
import os
import signal
import unittest
from unittest import mock

from run_case import RunCase
from script_case import listing
from slipway_host.process import is_running, wait_gone
from slipway_host.runs import launch
from slipway_host.runs.request import RunRequest
from slipway_host.runs.record import event_line

DONE = {"event": "result", "data": {}}


class Values(RunCase):
    def test_bad_values(self):
        before = listing(self.folder)
        for run in ("an-id-alone", [], 5, {}, {"id": None}, {"id": 12345678}, {"id": "short"}, {"id": "x" * 65},
                    {"id": "../../../x"}, {"id": "a/b/c/d/e"}, {"id": "........"}, {"id": "a.b.c.d.e"},
                    {"id": "$(reboot)"}, {"id": "with spaces"}, {"id": "a-line-break\n"}, {"id": "nul\0nul-nul"},
                    {"id": "\u00fcmlaut-id"}, {"id": "good-one", "offset": -1}, {"id": "good-one", "offset": 1.5},
                    {"id": "good-one", "offset": "0"}, {"id": "good-one", "offset": True},
                    {"id": "good-one", "offset": 1 << 80}, {"id": "good-one", "owner": "x" * 65},
                    {"id": "good-one", "owner": 5}, {"id": "good-one", "fingerprint": "x" * 129},
                    {"id": "good-one", "fingerprint": "two\nlines"}, {"id": "good-one", "attach": 1}):
            with self.subTest(run):
                result = self.fails("script_failed", "stop", run=run)
                self.assertIn("run", result.params["detail"])
                self.assertNotIn("Traceback", result.output)
        for run in ({"id": "../../../x"}, {"id": "/etc"}, {}, "an-id-alone"):
            self.fails("script_failed", "cancel", run=run)
        self.fails("script_failed", "cancel")
        self.assertEqual(listing(self.folder), before)

    def test_what_is_not_done_as_a_run(self):
        before = listing(self.folder)
        for command in ("uninstall", "status", "probe", "logs", "versions", "hub", "fit"):
            with self.subTest(command):
                self.assertIn(command, self.fails("script_failed", command, run={"id": "good-one"}).message)
        self.assertEqual(listing(self.folder), before)

    def test_only_an_attach_of_what_is_known(self):
        before = listing(self.folder)
        run = self.fails("run_lost", "install", run={"id": "not-known-here", "attach": True})
        self.assertEqual(run.params, {"run": "not-known-here"})
        self.assertEqual(listing(self.folder), before)

    def test_an_id_of_another_subcommand(self):
        self.make_run("of-a-stop", [DONE])
        self.assertIn("stop", self.fails("script_failed", "install", run={"id": "of-a-stop"}).message)

    def test_a_known_run_needs_no_parameters(self):
        self.make_run("of-an-install", [DONE], subcommand="install")
        run = self.call("install", model="whatever", parallel=-1, run={"id": "of-an-install"})
        self.assertEqual((run.code, run.data), (None, DONE["data"]))

    def test_bad_parameters_of_the_subcommand_are_told_by_the_run(self):
        run = self.fails("script_failed", "install", parallel=0, run={"id": "of-bad-values"})
        self.assertEqual(run.params["detail"], "bad parameter: parallel")

    def test_a_lock_names_its_run(self):
        process = self.begin_slowly("holds-the-lock")
        self.wait_for_download("holds-the-lock")
        run = self.fails("lock_held", "install", lock_wait_s=0)
        self.assertEqual((run.params["run"], run.params["pid"]),
                         ("holds-the-lock", str(self.process_of("holds-the-lock")[0])))
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        os.makedirs(self.layout.lock)
        self.assertEqual(self.fails("lock_held", "install", lock_wait_s=0).params["run"], "")

    def test_secrets_are_gone_as_soon_as_they_are_read(self):
        process = self.begin_slowly("with-a-secret")
        self.wait_for_download("with-a-secret")
        folder = self.folder_of("with-a-secret")
        self.assertFalse(os.path.exists(folder.params))
        process.send_signal(signal.SIGTERM)
        output = process.stdout.read().decode()
        self.assertIn("cancelled", output)
        self.assertNotIn("hush", output)
        for name in os.listdir(folder.path):
            path = os.path.join(folder.path, name)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(path) as source:
                self.assertNotIn("hush", source.read(), name)
        self.assertEqual(os.stat(folder.path).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.layout.runs).st_mode & 0o777, 0o700)

    def test_parameters_wait_in_a_private_file(self):
        script = os.path.join(self.folder, "waits.py")
        with open(script, "w") as out:
            out.write("import time; time.sleep(600)")
        folder = self.folder_of("has-not-read")
        params = {"root": self.root, "marker": "a-marker", "model": self.model(), "run": {"id": folder.run}}
        self.layout.make(self.layout.runs)
        os.mkdir(folder.path)
        with mock.patch.object(launch, "script_path", lambda: script):
            process = launch.spawn(self.layout, folder, RunRequest("install", params), params)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with open(folder.params) as source:
            self.assertEqual(json.load(source)["params"], {"root": self.root, "model": self.model()})
        self.assertEqual(os.stat(folder.params).st_mode & 0o777, 0o600)
        pid, started = folder.process()
        self.assertTrue(is_running(pid, started))
        self.assertEqual(os.getsid(pid), pid)
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid, started, 5)
        self.assertEqual(self.attach(folder.run).code, "run_lost")
        self.assertFalse(os.path.exists(folder.params))


class Elsewhere(RunCase):
    """Links and other things in the place of what a run keeps."""

    def setUp(self):
        super().setUp()
        self.elsewhere = os.path.join(self.folder, "elsewhere")
        os.makedirs(self.elsewhere)
        with open(os.path.join(self.elsewhere, "events.jsonl"), "wb") as out:
            out.write(event_line(DONE))
        self.before = listing(self.elsewhere)

    def check_refused(self, run):
        for command, params in (("stop", {"id": run}), ("cancel", {"id": run})):
            failure = self.fails("script_failed", command, run=params)
            self.assertIn("bad run folder", failure.params["detail"])
        self.assertNotIn(run, [entry["id"] for entry in self.ok("status")["runs"]])
        self.assertEqual(listing(self.elsewhere), self.before)

    def test_a_run_that_is_a_link(self):
        os.makedirs(self.layout.runs)
        os.symlink(self.elsewhere, self.folder_of("a-linked-run").path)
        self.check_refused("a-linked-run")
        self.ok("uninstall")
        self.assertEqual(listing(self.elsewhere), self.before)

    def test_runs_that_are_a_link(self):
        os.symlink(self.elsewhere, self.layout.runs)
        os.rename(os.path.join(self.elsewhere, "events.jsonl"), os.path.join(self.folder, "events.jsonl"))
        os.makedirs(os.path.join(self.elsewhere, "a-linked-run"))
        self.before = listing(self.elsewhere)
        self.check_refused("a-linked-run")
        self.fails("script_failed", "stop", run={"id": "a-new-run-there"})
        self.assertEqual(listing(self.elsewhere), self.before)

    def test_a_file_in_its_place(self):
        os.makedirs(self.layout.runs)
        with open(self.folder_of("a-file-for-a-run").path, "w"):
            pass
        self.check_refused("a-file-for-a-run")

    def test_a_record_that_is_a_link_or_a_pipe(self):
        for number, make in enumerate((
                lambda path: os.symlink(os.path.join(self.elsewhere, "events.jsonl"), path), os.mkfifo, os.mkdir)):
            with self.subTest(number):
                folder = self.make_run("odd-record-%d" % number, process=(2, "1"))
                os.unlink(folder.events)
                make(folder.events)
                self.fails("run_lost", "stop", run={"id": folder.run})
                self.assertEqual(self.entry(folder.run)["ended"], "lost")
                self.assertEqual(listing(self.elsewhere), self.before)


if __name__ == "__main__":
    unittest.main()
