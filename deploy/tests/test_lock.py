"""The lock: held by a living owner it explains itself, left by a dead one it heals."""

import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

from script_case import ScriptCase
from slipway_host.filesystem import write_json
from slipway_host.process import start_time


class Lock(ScriptCase):
    def setUp(self):
        super().setUp()
        self.link_engine()

    def hold(self, **changes):
        os.makedirs(self.layout.lock)
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "user": "somebody", "what": "install",
                 "start_time": start_time(os.getpid()), "since": time.time() - 90}
        write_json(os.path.join(self.layout.lock, "owner.json"), dict(owner, **changes))

    def test_a_living_owner_is_named(self):
        self.hold()
        run = self.fails("lock_held", "install", lock_wait_s=0.3)
        self.assertIn("somebody", run.params["owner"])
        self.assertEqual(run.params["pid"], str(os.getpid()))
        self.assertGreaterEqual(int(run.params["age_seconds"]), 90)
        self.assertTrue(os.path.isdir(self.layout.lock))
        self.assertFalse(os.path.exists(self.layout.manifest))

    def test_a_dead_owner_is_healed(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        for changes in ({"pid": ended.pid}, {"start_time": "1"}, {"pid": "?"}):
            with self.subTest(changes):
                self.hold(**changes)
                run = self.call("install", lock_wait_s=0)
                self.assertIsNone(run.code, run.output)
                self.assertTrue(any("stale lock" in text for text in run.logs()))
                self.assertFalse(os.path.exists(self.layout.lock))

    def test_a_lock_of_another_host_is_respected_for_a_day(self):
        self.hold(host="elsewhere", pid=1)
        self.fails("lock_held", "install", lock_wait_s=0)
        write_json(os.path.join(self.layout.lock, "owner.json"),
                          {"host": "elsewhere", "since": time.time() - 90000})
        self.ok("install", lock_wait_s=0)

    def test_a_lock_without_an_owner(self):
        os.makedirs(self.layout.lock)
        self.fails("lock_held", "install", lock_wait_s=0)
        os.utime(self.layout.lock, (1, 1))
        self.ok("install", lock_wait_s=0)

    def test_a_second_run_waits_for_the_first(self):
        self.hold()
        process = self.begin("install", lock_wait_s=20)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        shutil.rmtree(self.layout.lock)
        output = process.communicate(timeout=30)[0].decode()
        self.assertIn('"result"', output)

    def test_waiting_can_be_cancelled(self):
        self.hold()
        process = self.begin("install", lock_wait_s=60)
        time.sleep(0.6)
        process.send_signal(signal.SIGINT)
        self.assertIn('"cancelled"', process.communicate(timeout=10)[0].decode())
        self.assertTrue(os.path.isdir(self.layout.lock))


if __name__ == "__main__":
    unittest.main()
