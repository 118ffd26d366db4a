"""listen: what answers at its port and socket, and that nothing of it stays."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import unittest
import unittest.mock

from running import Running
from script_case import FOLDER, MARKER, ScriptCase, listing
from slipway_host.commands import listen
from slipway_host.commands.listen import listening_socket


class Listen(ScriptCase):
    def listen(self, environment=None, **params):
        run = Running(self.begin("listen", environment=environment, **params))
        self.event = run.event("listening")
        self.place = os.path.dirname(self.event["socket"])
        return run

    def ask(self, kind, sent=b""):
        """What is answered until the end of the connection."""
        family = socket.AF_INET if kind == "tcp" else socket.AF_UNIX
        address = ("127.0.0.1", self.event["port"]) if kind == "tcp" else self.event["socket"]
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(address)
            connection.sendall(sent)
            answer = b""
            while True:
                data = connection.recv(100)
                if not data:
                    return answer.decode()
                answer += data

    def test_both_are_asked(self):
        for order in (("tcp", "socket"), ("socket", "tcp")):
            run = self.listen()
            self.assertRegex(self.event["nonce"], r"^[0-9a-f]{32}\Z")
            found = os.stat(self.place)
            self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid), (0o700, os.getuid()))
            self.assertLess(len(self.event["socket"]), 60)
            for kind in order:
                self.assertEqual(self.ask(kind), self.event["nonce"])
            end = run.rest()
            self.assertEqual((end.status, end.data), (0, {"tcp": 1, "socket": 1}), end.output)
            self.assertLess(end.seconds, 3)
            self.assertFalse(os.path.exists(self.place))
        self.assertEqual(listing(self.folder), {})

    def test_who_speaks_first_is_answered_too(self):
        run = self.listen()
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"x" * 100000
        self.assertEqual([self.ask("tcp", request) for _ in range(3)], [self.event["nonce"]] * 3)
        self.assertEqual(self.ask("socket", request), self.event["nonce"])
        self.assertEqual(run.rest().data, {"tcp": 3, "socket": 1})

    def test_many_who_do_not_leave(self):
        run = self.listen()
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.event["port"]), 5))
                self.assertEqual(connection.recv(100).decode(), self.event["nonce"])
            self.ask("socket")
            self.assertEqual(run.rest().data, {"tcp": 100, "socket": 1})

    def test_the_time_is_over(self):
        run = self.listen(timeout_s=1)
        self.assertEqual(self.ask("tcp"), self.event["nonce"])
        end = run.rest()
        self.assertEqual((end.status, end.data), (0, {"tcp": 1, "socket": 0}))
        self.assertFalse(os.path.exists(self.place))
        for value in (0, 61, "1", True):
            self.fails("script_failed", "listen", timeout_s=value)

    def test_every_end_takes_the_directory_along(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            run = self.listen()
            end = run.end(number)
            self.assertEqual((end.status, end.data), (0, {"tcp": 0, "socket": 0}))
            self.assertLess(end.seconds, 1)
            self.assertFalse(os.path.exists(self.place))
        process = self.begin("listen", timeout_s=60)
        text = process.stdout.readline() + process.stdout.readline()
        place = os.path.dirname(text.partition(b'"socket": "')[2].partition(b'"')[0])
        self.assertTrue(os.path.isdir(place))
        process.stdout.close()
        self.assertEqual(process.wait(3), 0)
        self.assertFalse(os.path.exists(place))

    def test_a_host_without_a_place_for_a_socket(self):
        before = set(os.listdir("/tmp"))
        with contextlib.ExitStack() as opened, unittest.mock.patch.object(listen, "LONGEST_SOCKET_PATH", 5):
            self.assertEqual(listening_socket(opened), (None, None))
        self.assertFalse([name for name in set(os.listdir("/tmp")) - before if name.startswith("slipway-s")])
        program = ("import sys; sys.path.insert(0, %r)\n"
                   "from slipway_host.commands import listen; from slipway_host.wire import OUT\n"
                   "OUT.marker = %r; listen.listening_socket = lambda opened: (None, None)\n"
                   "OUT.emit({'event': 'result', 'data': listen.command_listen({})})" % (FOLDER, MARKER))
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        run = Running(process)
        self.event = run.event("listening")
        self.assertIsNone(self.event["socket"])
        # The port alone is enough then.
        self.assertEqual(self.ask("tcp"), self.event["nonce"])
        self.assertEqual(run.rest().data, {"tcp": 1, "socket": 0})


if __name__ == "__main__":
    unittest.main()
