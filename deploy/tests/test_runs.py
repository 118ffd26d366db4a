"""Runs: what goes on when its caller is gone, and is read on by its id without a gap."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

from run_case import RunCase, told, without_run
from script_case import MARKER, SCRIPT, Run, encoded, read_until, wait_for
from slipway_host.process import is_running
from slipway_host.runs.record import event_line

DONE = {"event": "result", "data": {"was_running": False}}


class Attaching(RunCase):
    def test_a_run_is_followed_to_its_end(self):
        run = self.call("install", run={"id": "first-one", "fingerprint": "f" * 128, "owner": "somebody"})
        self.assertEqual((run.code, run.status, run.terminals), (None, 0, 1), run.output)
        self.assertTrue(run.data["changed"])
        self.assertEqual(run.events[0], {"event": "run", "id": "first-one", "resumed": False, "at": 0})
        record = self.record("first-one")
        self.assertEqual(b"".join(event_line({key: value for key, value in event.items() if key != "at"})
                                  for event in run.events[1:]), record)
        self.assertEqual([event["at"] for event in run.events[1:]],
                         [end + 1 for end, byte in enumerate(record) if byte == ord("\n")])
        self.assertEqual(run.events[-1]["at"], len(record))
        entry = self.entry("first-one")
        self.assertEqual({key: entry[key] for key in entry if key != "started_at"}, {
            "id": "first-one", "subcommand": "install", "deployment": "default", "fingerprint": "f" * 128,
            "owner": "somebody", "pid": None, "running": False, "ended": "result"})
        self.assertLess(abs(time.time() - entry["started_at"]), 60)
        self.assertEqual(self.ok("probe")["runs"], [entry])

    def test_a_caller_that_is_gone_is_replaced_without_a_gap(self):
        for way in (signal.SIGKILL, signal.SIGHUP, "closed"):
            with self.subTest(way):
                self.server.requests.clear()
                run = "gone-by-%s" % getattr(way, "name", way)
                process = self.begin_slowly(run)
                text = read_until(process, '"stage": "model"')
                text += read_until(process, '"stage": "model"')
                pid, started = self.process_of(run)
                # A link that is lost means nothing to the run.
                os.kill(pid, signal.SIGHUP)
                if way == "closed":
                    process.stdout.close()
                else:
                    process.send_signal(way)
                    text += process.stdout.read().decode()
                self.assertEqual(process.wait(5), -9 if way == signal.SIGKILL else 1)
                first = told(text)
                self.assertNotIn(first[-1]["event"], ("result", "error"))
                self.assertTrue(is_running(pid, started))
                self.assertEqual(self.entry(run), dict(self.entry(run), pid=pid, running=True, ended=None))
                again = self.attach(run, first[-1]["at"])
                self.assertEqual((again.code, again.status, again.terminals), (None, 0, 1), again.output)
                self.assertEqual(again.events[0], {
                    "event": "run", "id": run, "resumed": True, "at": first[-1]["at"]})
                whole = self.attach(run)
                self.assertEqual(without_run(first) + without_run(again.events), without_run(whole.events))
                self.assertGreater(len(without_run(again.events)), 2)
                self.assertEqual(len(self.server.requests), 1)
                self.ok("uninstall")
                self.link_engine()

    def test_a_start_goes_on_without_its_caller(self):
        self.ok("install")
        process = self.begin("start", run={"id": "the-start"})
        self.process_of("the-start")
        process.kill()
        run = self.attach("the-start", command="start")
        self.assertEqual((run.code, run.data["state"]), (None, "ready"), run.output)
        self.chat(run.data["port"])

    def test_every_subcommand_that_changes_something(self):
        run = {"stage": self.call("install", run={"id": "run-install"}, stage=True)}
        for command in ("start", "commit", "rollback", "stop", "clean"):
            params = {"candidate": True} if command == "start" else {}
            run[command] = self.call(command, run={"id": "run-" + command}, **params)
        self.assertEqual([(name, found.code) for name, found in run.items()], [
            ("stage", None), ("start", None), ("commit", None), ("rollback", "no_previous_version"), ("stop", None),
            ("clean", None)])
        self.assertTrue(run["commit"].data["changed"] and run["stop"].data["was_running"])
        # Its own record is still being written.
        self.assertEqual([entry["id"] for entry in self.ok("status")["runs"]], ["run-clean"])
        self.assertEqual({entry["kind"] for entry in run["clean"].data["removed"]}, {"run"})

    def test_two_follow_one_run(self):
        first = self.begin_slowly("shared-run", 2.0)
        self.wait_for_download("shared-run")
        second = self.attach("shared-run")
        events = told(first.stdout.read().decode())
        self.assertEqual(without_run(events), without_run(second.events))
        self.assertEqual(first.wait(5), 0)

    def test_of_many_that_begin_one_run_one_does(self):
        self.server.pause = 0.01
        processes = [self.begin("install", model=self.model(), run={"id": "race-of-many"}) for _ in range(6)]
        runs = [Run(process.stdout.read().decode(), process.wait(30), 0) for process in processes]
        self.assertEqual(sorted(run.events[0]["resumed"] for run in runs), [False] + [True] * 5)
        for run in runs:
            self.assertEqual((run.code, run.status, run.terminals), (None, 0, 1), run.output)
            self.assertEqual(without_run(run.events), without_run(runs[0].events))
        self.assertEqual(len(self.server.requests), 1)
        self.assertEqual(len(self.ok("status")["runs"]), 1)

    def test_a_link_that_takes_nothing_does_not_hold_a_run_up(self):
        self.server.pause = 0.01
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        while True:
            try:
                os.write(write_end, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(write_end, True)
        params = {"marker": MARKER, "root": self.root, "model": self.model(), "run": {"id": "stalled-link"}}
        process = subprocess.Popen([sys.executable, SCRIPT, "install", "--params-b64", encoded(params)],
                                   stdin=subprocess.DEVNULL, stdout=write_end)
        os.close(write_end)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(os.close, read_end)
        self.assertTrue(wait_for(lambda: self.folder_of("stalled-link").terminal()))
        self.assertIsNone(process.poll())


class Offsets(RunCase):
    def test_every_offset_of_a_record(self):
        events = [{"event": "log", "level": "info", "text": "ü " * count} for count in range(3)] + [DONE]
        self.make_run("an-ended-run", events)
        record = self.record("an-ended-run")
        ends = [end + 1 for end, byte in enumerate(record) if byte == ord("\n")]
        begins = [0] + ends[:-1]
        cases = [(begin, number) for number, begin in enumerate(begins)]
        # Inside a line it begins with the next, and there is always an end to tell.
        cases += [(begins[1] - 1, 1), (begins[1] + 1, 2), (begins[2] + 3, 3), (begins[3] + 1, 3), (ends[-1], 3),
                  (ends[-1] + 1000, 3)]
        for offset, first in cases:
            with self.subTest(offset):
                run = self.attach("an-ended-run", offset, "stop")
                self.assertEqual([event["at"] for event in run.events[1:]], ends[first:], run.output)
                self.assertEqual(run.events[0]["at"], min(offset, begins[-1]))
                self.assertEqual((run.data, run.terminals, run.status), (DONE["data"], 1, 0))

    def test_an_offset_beyond_the_end_of_a_run_that_works(self):
        self.make_living_run("a-living-run", subcommand="stop")
        process = self.begin("stop", run={"id": "a-living-run", "offset": 1 << 40})
        self.assertIn('"at": 0', read_until(process, '"run"'))
        with open(self.folder_of("a-living-run").events, "ab") as out:
            out.write(event_line(DONE))
        self.assertEqual(Run(process.stdout.read().decode(), process.wait(5), 0).data, DONE["data"])

    def test_a_line_that_is_not_whole_is_waited_for(self):
        self.make_living_run("a-living-run", subcommand="stop")
        process = self.begin("stop", run={"id": "a-living-run"})
        read_until(process, '"run"')
        line = event_line({"event": "log", "level": "info", "text": "whole"})
        with open(self.folder_of("a-living-run").events, "ab", buffering=0) as out:
            for part in (line[:10], line[10:-1]):
                out.write(part)
                time.sleep(0.5)
                os.set_blocking(process.stdout.fileno(), False)
                self.assertIsNone(process.stdout.read())
                os.set_blocking(process.stdout.fileno(), True)
            out.write(line[-1:] + event_line(DONE))
        self.assertEqual([event["event"] for event in told(process.stdout.read().decode())], ["log", "result"])

    def test_what_is_no_event_is_passed_over(self):
        log = {"event": "log", "level": "info", "text": "kept"}
        folder = self.make_run("a-damaged-run")
        garbage = [b"\0\xff\n", b"\n", b"[1]\n", b"{}\n", b'{"event":"run"}\n', b'{"event":5}\n', b"{" * 100000 + b"\n",
                   b'"' + b"x" * 300000 + b'"\n']
        with open(folder.events, "wb") as out:
            for line in garbage:
                out.write(line + event_line(log))
            out.write(event_line(DONE) + b"".join(garbage) + b'{"event": "log", "le')
        run = self.attach("a-damaged-run", command="stop")
        self.assertEqual([event["event"] for event in run.events], ["run"] + ["log"] * len(garbage) + ["result"])
        self.assertEqual(self.entry("a-damaged-run")["ended"], "result")

    def test_a_state_that_was_edited(self):
        folder = self.make_run("an-edited-run", [DONE])
        for content in (b"", b"\0", b"[]", json.dumps({
                "pid": "1", "start_time": 1, "subcommand": {}, "owner": 7, "fingerprint": [], "started_at": "x",
                "deployment": True}).encode(), b'{"pid": 1e400, "started_at": -1}', b'{"pid": -1, "start_time": "1"}',
                b'{"pid": 1' + b"0" * 40 + b', "start_time": "1"}'):
            with self.subTest(content):
                with open(folder.state, "wb") as out:
                    out.write(content)
                entry = self.entry("an-edited-run")
                self.assertEqual((entry["ended"], entry["subcommand"], entry["owner"]), ("result", None, None))
                self.assertEqual(self.attach("an-edited-run", command="stop").data, DONE["data"])
                self.assertEqual(self.ok("cancel", run={"id": "an-edited-run"}), {"was_running": False})


if __name__ == "__main__":
    unittest.main()
