"""The one file that a host gets: it is complete, needs nothing beside it, and names its lines."""

import os
import subprocess
import sys
import unittest

from script_case import FOLDER, MARKER, SCRIPT, Run, ScriptCase, encoded
import bundle


class Bundle(ScriptCase):
    def test_the_command_line_prints_it(self):
        answer = subprocess.run([sys.executable, os.path.join(FOLDER, "bundle.py")], stdout=subprocess.PIPE, check=True)
        with open(SCRIPT, "rb") as source:
            self.assertEqual(answer.stdout, source.read())
        self.assertEqual(answer.stdout.decode("utf-8"), bundle.bundle())

    def test_tracebacks_name_module_and_line(self):
        self.link_engine()
        with open(self.layout.deployments, "w"):
            pass
        run = self.fails("script_failed", "install")
        text = "\n".join(run.logs())
        self.assertIn('File "slipway_host/commands/install.py", line ', text)
        self.assertIn("layout.make(layout.deployments, layout.deployment)", text)

    def test_a_checkout_runs_without_being_bundled(self):
        answer = subprocess.run([sys.executable, os.path.join(FOLDER, "deploy_llm_server.py"), "status", "--params-b64",
                                 encoded({"marker": MARKER, "root": self.root})], stdout=subprocess.PIPE)
        self.assertEqual(Run(answer.stdout.decode(), answer.returncode, 0).data["state"], "absent")


if __name__ == "__main__":
    unittest.main()
