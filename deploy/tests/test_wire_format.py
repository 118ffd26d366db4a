"""What the caller relies on: markers, one terminal event, and errors for bad parameters."""

import glob
import json
import os
import subprocess
import sys
import unittest

from script_case import MARKER, SCRIPT, Run, ScriptCase, encoded
from slipway_host.wire import Channel


def old_pythons():
    return sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.[67].*/bin/python3")))


def supported_pythons():
    return sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.[89].*/bin/python3"))
                  + glob.glob(os.path.expanduser("~/.pyenv/versions/3.1*/bin/python3"))) + ["/usr/bin/python3"]


class WireFormat(ScriptCase):
    def test_unreadable_parameters(self):
        for arguments in ([], ["status"], ["status", "--params-b64", "%%%"], ["status", "--params-b64", "W10="],
                          ["status", "--params", "/nonexistent"], ["dance", "--params-b64", encoded({})],
                          ["status", "--params-b64", encoded({"marker": "no"})]):
            with self.subTest(arguments):
                answer = subprocess.run([sys.executable, SCRIPT] + arguments, stdout=subprocess.PIPE)
                self.assertEqual(answer.returncode, 1)
                self.assertIn(b'"code": "script_failed"', answer.stdout)
                self.assertNotIn(b"Traceback", answer.stdout)

    def test_bad_values(self):
        for command, params in (
                ("status", {"root": "relative"}), ("status", {"root": "/"}), ("status", {"root": 5}),
                ("status", {"root": os.path.expanduser("~")}), ("status", {"deployment": "../up"}),
                ("install", {"model": {"kind": "magic"}}), ("install", {"model": "practice"}),
                ("install", {"model": {"kind": "path"}}), ("install", {"parallel": 0}),
                ("install", {"threads": "many"}), ("install", {"context_size": True}),
                ("install", {"engine": {"kind": "steam"}}), ("install", {"engine": {"source": "thin air"}}),
                ("install", {"model": {"kind": "path", "path": "/x", "sha256": "abc"}}),
                ("uninstall", {"keep_models": "yes"})):
            with self.subTest(params):
                run = self.fails("script_failed", command, **params)
                self.assertNotIn("Traceback", run.output)
        self.assertEqual(os.listdir(self.folder), [])

    def test_noise_around_the_events(self):
        line = "printf 'Welcome!\\nno newline at the end'; %s %s status --params-b64 %s; echo bye" % (
            sys.executable, SCRIPT, encoded({"marker": MARKER, "root": self.root}))
        answer = subprocess.run(["/bin/sh", "-c", line], stdout=subprocess.PIPE)
        run = Run(answer.stdout.decode(), answer.returncode, 0)
        self.assertEqual(run.terminals, 1)
        self.assertEqual(run.data["state"], "absent")
        self.assertEqual(run.noise, ["Welcome!", "no newline at the end", "bye"])

    def test_a_parameter_file(self):
        path = os.path.join(self.folder, "params ü.json")
        self.assertFalse(self.call("status", as_file=path).data["deployed"])

    def test_parameters_on_stdin(self):
        text = json.dumps({"marker": MARKER, "root": self.root, "deployment": "default"})
        for given, status in ((text, 0), (text[:-5], 1), ("", 1)):
            with self.subTest(given):
                answer = subprocess.run([sys.executable, SCRIPT, "status", "--params", "-"], input=given.encode(),
                                        stdout=subprocess.PIPE)
                self.assertEqual(answer.returncode, status)

    def test_source_on_stdin(self):
        with open(SCRIPT, "rb") as source:
            answer = subprocess.run([sys.executable, "-", "probe", "--params-b64",
                                     encoded({"marker": MARKER, "root": self.root})],
                                    stdin=source, stdout=subprocess.PIPE)
        run = Run(answer.stdout.decode(), answer.returncode, 0)
        self.assertEqual((run.terminals, run.data["root"]), (1, self.root))
        self.assertEqual(os.listdir(self.folder), [])

    def test_old_pythons_are_refused_by_name(self):
        if not old_pythons():
            self.skipTest("no Python 3.6 or 3.7 here")
        for python in old_pythons():
            run = self.fails("python_too_old", "probe", python=python)
            self.assertEqual(run.params["needed"], "3.8")
            self.assertTrue(os.access(run.params["alternative"], os.X_OK))

    def test_all_supported_pythons_run_it(self):
        for python in supported_pythons():
            with self.subTest(python):
                run = self.call("status", python=python)
                self.assertEqual((run.code, run.data["state"]), (None, "absent"), run.output)

    def test_an_unexpected_exception_becomes_an_error(self):
        os.makedirs(self.root)
        with open(self.layout.deployments, "w"):
            pass
        run = self.fails("script_failed", "install")
        self.assertTrue(any("Traceback" in line for line in run.logs()))
        self.assertFalse(os.path.exists(self.layout.lock))

    def test_texts_that_are_no_text(self):
        read_end, write_end = os.pipe()
        stdout = os.dup(1)
        os.dup2(write_end, 1)
        try:
            Channel().log("half a pair: \udc80, a line\nbreak")
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)
            os.close(write_end)
        with os.fdopen(read_end, "rb") as source:
            data = source.read()
        self.assertEqual(data.count(b"\n"), 2)
        data.decode("utf-8")


if __name__ == "__main__":
    unittest.main()
