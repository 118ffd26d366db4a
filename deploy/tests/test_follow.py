"""logs with follow: the log of the real engine, and one that is written in every awkward way."""

import contextlib
import os
import random
import signal
import time
import unittest

from running import Running
from script_case import ScriptCase
from slipway_host.log_follower import LONGEST_LINE, LogFollower
from slipway_host.supervisor.engine_log import EngineLog


class RealLog(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()

    def follow(self, **params):
        return Running(self.begin("logs", follow=True, **params))

    def until(self, run, words):
        """The next lines up to one that holds the words."""
        lines = []
        while not lines or words not in lines[-1]:
            lines.append(run.event("line")["text"])
        return lines

    def test_from_before_the_first_start_to_the_end(self):
        self.fails("not_deployed", "logs", follow=True)
        self.ok("install")
        run = self.follow()
        self.assertTrue(run.silent(0.5))
        data = self.ok("start")
        self.until(run, "listening on")
        self.chat(data["port"])
        self.until(run, "stop processing")
        os.kill(data["engine_pid"], signal.SIGKILL)
        lines = self.until(run, "listening on")
        self.assertTrue(any("[slipway" in line and "SIGKILL" in line for line in lines), lines)
        self.ok("stop")
        self.until(run, "] stopped")
        end = run.end()
        self.assertEqual((end.status, end.terminals, end.data), (0, 1, {"lines": []}))

    def test_the_last_lines_come_first_and_none_twice(self):
        self.ok("install")
        data = self.ok("start")
        before = self.ok("logs", lines=3)["lines"]
        run = self.follow(lines=3)
        self.assertEqual([run.event("line")["text"] for _ in range(3)], before)
        self.assertTrue(run.silent(0.5))
        self.chat(data["port"])
        self.until(run, "stop processing")
        self.assertEqual(run.end().status, 0)

    def test_rotation_of_the_real_engine(self):
        self.ok("install")
        port = self.ok("start", log_bytes=20000)["port"]
        run = self.follow(lines=1)
        run.event("line")
        for _ in range(80):
            self.chat(port, max_tokens=1)
            time.sleep(0.02)
        # Each request ends with one such line; the log has rotated several times.
        for _ in range(80):
            self.until(run, "stop processing")
        self.assertTrue(os.path.exists(self.layout.engine_log + ".1"))
        self.assertEqual(run.end().status, 0)

    def test_a_closed_stdout_ends_it_without_a_word(self):
        self.ok("install")
        process = self.begin("logs", follow=True)
        time.sleep(0.5)
        process.stdout.close()
        self.assertEqual(process.wait(3), 0)

    def test_not_following_is_as_it_was(self):
        self.ok("install")
        self.ok("start")
        self.assertTrue(self.ok("logs", follow=False)["lines"])
        self.fails("script_failed", "logs", follow="yes")


class Awkward(ScriptCase):
    """The follower itself beside the supervisor's own writer."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "engine.log")
        self.follower = LogFollower(self.path)
        self.addCleanup(self.follower.close)

    def log(self, limit=1 << 20):
        log = EngineLog(self.path, limit)
        self.addCleanup(lambda: log.out.close())
        return log

    def test_any_pieces_across_rotations(self):
        dice = random.Random(7)
        log = self.log(2000)
        data = "".join("line %d %s\n" % (number, "ü" * dice.randrange(60)) for number in range(3000)).encode()
        self.assertEqual(self.follower.last(10), [])
        found = []
        while data:
            size = dice.choice((1, 3, 50, 400))
            log.write(data[:size])
            data = data[size:]
            if dice.random() < 0.5:
                found += self.follower.new()
        found += self.follower.new()
        self.assertEqual([int(line.split()[1]) for line in found], list(range(3000)))
        self.assertFalse(any("\ufffd" in line for line in found))

    def test_two_rotations_between_two_looks(self):
        log = self.log(100)
        log.write(b"a" * 60 + b"\n")
        self.assertEqual(len(self.follower.last(5)), 1)
        for letter in (b"b", b"c"):
            log.write(letter * 60 + b"\n")
        self.assertEqual([line[0] for line in self.follower.new()], ["b", "c"])

    def test_last_lines_across_the_rotation(self):
        log = self.log(1000)
        for number in range(100):
            log.write(b"%d\n" % number * 3)
        self.assertEqual(self.follower.last(5), ["98", "98", "99", "99", "99"])
        with contextlib.closing(LogFollower(self.path)) as other:
            self.assertEqual(len(other.last(10000)), 300)
        log.write(b"next\n")
        self.assertEqual(self.follower.new(), ["next"])

    def test_last_lines_of_a_big_file(self):
        log = self.log()
        for number in range(5000):
            log.write(b"%d %s\n" % (number, b"x" * 90))
        self.assertEqual([line.split()[0] for line in self.follower.last(2)], ["4998", "4999"])

    def test_lines_that_are_odd(self):
        log = self.log()
        self.follower.last(1)
        for data, lines in (
                (b"half", []), (b" a line\n", ["half a line"]), (b"not \xff\xfe text\n", ["not \ufffd\ufffd text"]),
                (b"\xc3", []), (b"\xbc\n", ["ü"]), (b"windows\r", []), (b"\nnext\n", ["windows", "next"]),
                (b"10 %\r50 %\r", ["10 %"]), (b"100 %\n", ["50 %", "100 %"]), (b"\n", [""]),
                (b"y" * (LONGEST_LINE * 3), []), (b"y\r", []), (b"\nafter\n", ["y" * LONGEST_LINE, "after"]),
                (b"nul \0 \x1b[31m\n", ["nul \0 \x1b[31m"])):
            log.write(data)
            self.assertEqual(self.follower.new(), lines)
        self.assertLessEqual(len(self.follower.lines.half), LONGEST_LINE + 1)

    def test_a_log_that_was_emptied_or_removed(self):
        log = self.log()
        log.write(b"one\ntwo\n")
        self.assertEqual(self.follower.last(9), ["one", "two"])
        os.truncate(self.path, 0)
        log.write(b"3\n")
        self.assertEqual(self.follower.new(), ["3"])
        os.unlink(self.path)
        self.assertEqual(self.follower.new(), [])
        self.log().write(b"four\n")
        self.assertEqual(self.follower.new(), ["four"])


if __name__ == "__main__":
    unittest.main()
