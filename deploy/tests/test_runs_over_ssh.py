"""A run whose caller came over SSH: the link is cut, and the next one reads on."""

import base64
import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

from run_case import RunCase, told, without_run
from script_case import MARKER, SCRIPT, Run, read_until, wait_for
from slipway_host.process import is_running


def sshd_path():
    """sshd wants to be called by its absolute path."""
    return shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """An OpenSSH server with keys and a configuration of its own, on 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        os.makedirs(folder)
        for name in ("host_key", "client_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(folder, name)], check=True)
        shutil.copy(os.path.join(folder, "client_key.pub"), os.path.join(folder, "authorized_keys"))
        if os.getuid() == 0:
            # Where the system's own sshd has never been started, nobody has made it.
            os.makedirs("/run/sshd", exist_ok=True)
        config = os.path.join(folder, "sshd_config")
        with open(config, "w") as out:
            out.write("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host_key\nPidFile none\n"
                      "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
                      "PasswordAuthentication no\n" % (self.port, folder, folder))
        with open(os.path.join(folder, "log"), "wb") as log:
            self.process = subprocess.Popen([sshd_path(), "-D", "-e", "-f", config], stdin=subprocess.DEVNULL,
                                            stderr=log)

    def ready(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 5) as stream:
                return stream.recv(4) == b"SSH-"
        return False

    def sessions(self):
        """The processes that carry its connections."""
        answer = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, check=True)
        pairs = [line.split() for line in answer.stdout.decode("ascii").splitlines()]
        return [int(pid) for pid, parent in pairs if int(parent) == self.process.pid]

    def cut(self):
        """Ends every connection; neither side says goodbye."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self):
        self.cut()
        self.process.kill()
        self.process.wait()

    def ssh(self, line):
        """A command of ssh that runs a line there."""
        return ["ssh", "-F", "none", "-p", str(self.port), "-i", os.path.join(self.folder, "client_key"),
                "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=" + os.path.join(self.folder, "known_hosts"),
                "%s@127.0.0.1" % getpass.getuser(), line]


class OverSsh(RunCase):
    def setUp(self):
        super().setUp()
        self.sshd = Sshd(os.path.join(self.folder, "sshd"))
        self.addCleanup(self.sshd.close)
        self.assertTrue(wait_for(self.sshd.ready), "sshd does not answer")

    def line(self, command, **params):
        text = json.dumps(dict({"marker": MARKER, "root": self.root}, **params)).encode("utf-8")
        return "%s %s %s --params-b64 %s" % (sys.executable, SCRIPT, command, base64.b64encode(text).decode("ascii"))

    def over_ssh(self, command, **params):
        process = subprocess.Popen(self.sshd.ssh(self.line(command, **params)), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def parent(self, pid):
        return subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], stdout=subprocess.PIPE).stdout.strip()

    def test_a_cut_link(self):
        for end in ("server", "client"):
            with self.subTest(end):
                self.server.requests.clear()
                run = "cut-at-the-" + end
                self.server.pause = 4.0 / 27
                process = self.over_ssh("install", model=self.model(), run={"id": run})
                text = read_until(process, '"stage": "model"')
                pid, started = self.process_of(run)
                caller = self.parent(pid)
                if end == "server":
                    self.assertTrue(self.sshd.sessions())
                    self.sshd.cut()
                else:
                    process.kill()
                text += process.stdout.read().decode()
                self.assertTrue(wait_for(lambda: self.parent(pid) != caller), "the caller did not notice")
                self.assertTrue(is_running(pid, started))
                first = told(text)
                again = self.over_ssh("install", run={"id": run, "offset": first[-1]["at"], "attach": True})
                found = Run(again.stdout.read().decode(), again.wait(30), 0)
                self.assertEqual((found.code, found.status, found.terminals), (None, 0, 1), found.output)
                self.assertTrue(found.events[0]["resumed"])
                self.assertEqual(without_run(first) + without_run(found.events), without_run(self.attach(run).events))
                self.assertEqual(len(self.server.requests), 1)
                self.ok("uninstall")
                self.link_engine()


if __name__ == "__main__":
    unittest.main()
