"""How runs end: cancelled, killed, with their host; and how their records go."""

import os
import signal
import subprocess
import time
import unittest

from run_case import RunCase, told
from script_case import Run, listing, read_until, wait_for
from slipway_host.process import is_running, wait_gone

DONE = {"event": "result", "data": {}}
# A program that never gets ready.
DEAF = {"kind": "custom", "command": ["/bin/sh", "-c", "exec sleep 600", "{port}"]}


class Cancelling(RunCase):
    def test_by_a_signal_to_the_caller(self):
        for way in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(way):
                run = "cancelled-by-%s" % way.name
                process = self.begin_slowly(run)
                self.wait_for_download(run)
                self.assertTrue(listing(self.layout.models))
                pid, started = self.process_of(run)
                process.send_signal(way)
                events = told(process.stdout.read().decode())
                self.assertEqual((events[-1]["code"], process.wait(5)), ("cancelled", 1))
                self.assertEqual(events[-1]["at"], len(self.record(run)))
                self.assertTrue(wait_gone(pid, started, 5))
                # Taken back, as without a run.
                self.assertEqual(sorted(os.listdir(self.root)), ["engines", "runs"])
                self.assertEqual(self.entry(run)["ended"], "error")

    def test_at_once(self):
        """The signal may come before the process of the run is ready for it."""
        for delay in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
            with self.subTest(delay):
                run = "at-once-%d" % (delay * 1000)
                process = self.begin_slowly(run)
                self.assertTrue(wait_for(lambda: os.path.exists(self.folder_of(run).path)))
                time.sleep(delay)
                process.send_signal(signal.SIGTERM)
                found = Run(process.stdout.read().decode(), process.wait(20), 0)
                self.assertEqual((found.code, found.terminals), ("cancelled", 1), found.output)
                self.assertEqual(self.entry(run)["ended"], "error")

    def test_by_its_id(self):
        process = self.begin_slowly("cancel-by-id")
        self.wait_for_download("cancel-by-id")
        self.assertEqual(self.ok("cancel", run={"id": "cancel-by-id"}), {"was_running": True})
        self.assertEqual(told(process.stdout.read().decode())[-1]["code"], "cancelled")
        self.assertEqual(sorted(os.listdir(self.root)), ["engines", "runs"])
        self.assertEqual(self.ok("cancel", run={"id": "cancel-by-id"}), {"was_running": False})
        self.assertEqual(self.ok("cancel", run={"id": "never-was-one"}), {"was_running": False})

    def test_a_start(self):
        self.ok("install", engine=DEAF)
        process = self.begin("start", run={"id": "a-deaf-start"})
        read_until(process, '"stage": "load"')
        supervisor = wait_for(lambda: self.state().get("pid"))
        self.assertEqual(self.ok("cancel", run={"id": "a-deaf-start"}), {"was_running": True})
        self.assertEqual(told(process.stdout.read().decode())[-1]["code"], "cancelled")
        self.assertTrue(supervisor)
        self.assertEqual(self.ok("status")["state"], "stopped")

    def test_a_run_that_does_not_listen_is_killed(self):
        process = self.begin_slowly("a-stopped-run", 60.0)
        self.wait_for_download("a-stopped-run")
        pid, started = self.process_of("a-stopped-run")
        os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        self.assertEqual(self.ok("cancel", run={"id": "a-stopped-run"}), {"was_running": True})
        self.assertGreater(time.monotonic() - begun, 19)
        self.assertFalse(is_running(pid, started))
        self.assertEqual(told(process.stdout.read().decode())[-1]["code"], "run_lost")
        self.assertEqual(self.entry("a-stopped-run")["ended"], "lost")


class Losing(RunCase):
    def kill_all(self, *processes):
        """What a restart of the host does to them."""
        for pid, started in processes:
            os.kill(pid, signal.SIGKILL)
        for pid, started in processes:
            self.assertTrue(wait_gone(pid, started, 5))

    def test_a_killed_run_is_told_of_once_and_the_next_one_works(self):
        process = self.begin_slowly("a-killed-run")
        self.wait_for_download("a-killed-run")
        self.kill_all(self.process_of("a-killed-run"))
        found = Run(process.stdout.read().decode(), process.wait(10), 0)
        self.assertEqual((found.code, found.params, found.status, found.terminals),
                         ("run_lost", {"run": "a-killed-run"}, 1, 1))
        self.assertEqual(found.events[-1]["at"], len(self.record("a-killed-run")))
        entry = self.entry("a-killed-run")
        self.assertEqual((entry["running"], entry["ended"], entry["pid"]), (False, "lost", None))
        again = self.attach("a-killed-run", found.events[-1]["at"])
        self.assertEqual([event["event"] for event in again.events], ["run", "error"])
        self.assertEqual(self.record("a-killed-run").count(b"run_lost"), 1)
        self.assertTrue(os.path.isdir(self.layout.lock))
        self.server.pause = 0.0
        run = self.call("install", model=self.model(), run={"id": "the-next-run"})
        self.assertIsNone(run.code, run.output)
        self.assertTrue(any("stale lock" in text for text in run.logs()))
        self.assertFalse(os.path.exists(self.layout.lock))

    def test_a_host_that_was_restarted(self):
        self.ok("install")
        self.ok("start")
        state = self.state()
        process = self.begin_slowly("before-restart")
        self.wait_for_download("before-restart")
        process.kill()
        self.kill_all(self.process_of("before-restart"), (state["pid"], None),
                      (state["engine_pid"], state["engine_start"]))
        # A line that was being written.
        with open(self.folder_of("before-restart").events, "ab") as out:
            out.write(b'{"event": "progress", "do')
        self.assertEqual(self.entry("before-restart")["ended"], "lost")
        self.assertEqual(self.ok("probe")["runs"][0]["ended"], "lost")
        self.assertNotIn(b"run_lost", self.record("before-restart"), "to look changes nothing")
        found = self.attach("before-restart")
        self.assertEqual((found.code, found.terminals), ("run_lost", 1))
        self.assertEqual(found.events[-1].get("at"), len(self.record("before-restart")))
        self.server.pause = 0.0
        run = self.call("install", model=self.model(), run={"id": "after-restart"})
        self.assertIsNone(run.code, run.output)
        self.assertIsNone(self.call("start", run={"id": "start-after"}).code)

    def test_a_run_whose_beginner_died(self):
        """Between the folder and the process somebody pulled the plug."""
        os.makedirs(self.folder_of("an-empty-one").path)
        self.assertTrue(self.entry("an-empty-one")["running"])
        os.utime(self.folder_of("an-empty-one").path, (1, 1))
        self.assertEqual(self.entry("an-empty-one")["ended"], "lost")
        folder = self.make_run("without-process")
        with open(folder.params, "w") as out:
            out.write('{"a": "secret"}')
        os.utime(folder.path, (1, 1))
        for run in ("an-empty-one", "without-process"):
            self.assertEqual(self.attach(run, command="stop").code, "run_lost")
            self.assertEqual(self.entry(run)["ended"], "lost")
        self.assertFalse(os.path.exists(folder.params))

    def test_a_pid_that_is_used_again(self):
        other = subprocess.Popen(["sleep", "600"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.make_run("of-a-used-pid", process=(other.pid, "1"))
        self.assertEqual(self.ok("cancel", run={"id": "of-a-used-pid"}), {"was_running": False})
        self.assertEqual(self.attach("of-a-used-pid", command="stop").code, "run_lost")
        self.assertIsNone(other.poll())


class Records(RunCase):
    def test_the_newest_five_of_a_week_are_kept(self):
        now = time.time()
        for number in range(8):
            self.make_run("ended-run-%d" % number, [DONE], now - 60 * number)
        self.make_run("an-old-run", [DONE], now - 8 * 24 * 3600)
        self.make_living_run("a-living-run", begun=now - 9 * 24 * 3600)
        run = self.call("stop", run={"id": "the-new-run"})
        self.assertIsNone(run.code)
        self.assertEqual([entry["id"] for entry in self.ok("status")["runs"]],
                         ["the-new-run"] + ["ended-run-%d" % number for number in range(5)] + ["a-living-run"])

    def test_a_week(self):
        self.make_run("seven-days", [DONE], time.time() - 7 * 24 * 3600 - 60)
        self.make_run("nearly-seven-days", [DONE], time.time() - 7 * 24 * 3600 + 60)
        self.call("stop", run={"id": "the-new-run"})
        self.assertEqual([entry["id"] for entry in self.ok("status")["runs"]], ["the-new-run", "nearly-seven-days"])

    def test_clean(self):
        self.make_run("an-ended-run", [DONE])
        self.make_living_run("a-living-run")
        os.symlink(self.folder, os.path.join(self.layout.runs, "a-link-elsewhere"))
        with open(os.path.join(self.layout.runs, "a file"), "w"):
            pass
        removed = self.ok("clean", dry_run=True)["removed"]
        self.assertEqual([(entry["kind"], os.path.basename(entry["path"])) for entry in removed if "runs" in entry["path"]],
                         [("run", "a file"), ("run", "a-link-elsewhere"), ("run", "an-ended-run")])
        self.ok("clean")
        self.assertEqual(os.listdir(self.layout.runs), ["a-living-run"])
        self.assertTrue(os.path.isdir(self.root), "what the link led to is not the run's")

    def test_an_uninstall_leaves_nothing(self):
        self.call("install", run={"id": "the-install"})
        self.ok("install", engine=DEAF, stage=True)
        # Left alone, it would go back to the version before as soon as its engine is stopped.
        start = self.begin("start", candidate=True, run={"id": "a-deaf-start"})
        read_until(start, '"stage": "load"')
        self.make_run("a-lost-run", process=(2, "1"))
        self.assertTrue(self.ok("uninstall")["was_deployed"])
        self.assertEqual(told(start.stdout.read().decode())[-1]["code"], "cancelled")
        self.assertEqual(listing(self.folder), {})

    def test_a_cancelled_start_goes_back_to_what_was_served(self):
        self.call("install", run={"id": "the-install"})
        version = self.ok("start")["version"]
        self.ok("install", engine=DEAF, stage=True)
        start = self.begin("start", candidate=True, run={"id": "a-deaf-start"})
        read_until(start, '"stage": "load"')
        start.terminate()
        self.assertEqual(told(start.stdout.read().decode())[-1]["code"], "cancelled")
        status = self.ok("status")
        self.assertEqual((status["state"], status["running_version"], status["candidate"]), ("ready", version, None))

    def test_an_uninstall_of_one_of_two(self):
        self.call("install", run={"id": "of-the-first"})
        self.call("install", run={"id": "of-the-second"}, deployment="second")
        self.ok("uninstall", deployment="second")
        self.assertEqual([entry["id"] for entry in self.ok("status")["runs"]], ["of-the-first"])
        self.ok("uninstall")
        self.assertEqual(listing(self.folder), {})

    def test_a_failed_install_leaves_its_record_only(self):
        run = self.call("install", model={"kind": "path", "path": "/no/model.gguf"}, run={"id": "a-failed-one"})
        self.assertEqual((run.code, run.status, run.terminals), ("model_not_found", 1, 1))
        self.assertEqual(sorted(os.listdir(self.root)), ["engines", "runs"])
        self.assertEqual(sorted(os.listdir(self.folder_of("a-failed-one").path)),
                         ["events.jsonl", "output.log", "state.json"])
        self.assertEqual(self.entry("a-failed-one")["ended"], "error")

    def test_the_script_of_a_living_run_stays(self):
        kept, gone = (os.path.join(self.layout.script, name) for name in ("kept", "gone"))
        os.makedirs(kept)
        os.makedirs(gone)
        self.make_living_run("a-living-run", script=os.path.join(kept, "deploy_llm_server.py"))
        self.ok("clean")
        self.assertEqual(os.listdir(self.layout.script), ["kept"])


if __name__ == "__main__":
    unittest.main()
