"""listen: something to connect to, for testing what the SSH server forwards."""

import binascii
import contextlib
import os
import shutil
import socket
import tempfile
import time

from slipway_host.audience import Audience
from slipway_host.fault import Failure
from slipway_host.params import number_param
from slipway_host.supervisor.readiness import LONGEST_SOCKET_PATH
from slipway_host.wire import OUT

# Answered connections that are kept open at once.
MOST_ANSWERED = 64
# Who was answered may have sent something: closing too early would reset the connection, answer and all.
FAREWELL_S = 1.0


def command_listen(params):
    timeout = number_param(params, "timeout_s", 1, 60, 15)
    # Before anything is opened: from here on a signal is only noted.
    with Audience() as audience, contextlib.ExitStack() as opened:
        port = listening_port(opened)
        path, local = listening_socket(opened)
        listener = Listener(audience, opened, {"tcp": port, "socket": local})
        OUT.emit({"event": "listening", "port": port.getsockname()[1], "socket": path,
                  "nonce": listener.nonce.decode("ascii")})
        listener.serve(timeout)
        return listener.asked


def listening_port(opened):
    port = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    try:
        port.bind(("127.0.0.1", 0))
        port.listen(8)
    except OSError as error:
        raise Failure("port_unavailable", "No port can be opened on the host: %s." % error, port="any")
    return port


def listening_socket(opened):
    """(path, socket), or (None, None) where none can be made. The directory goes with the stack."""
    for place in ("/tmp", tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR")):
        if not place or not os.path.isdir(place):
            continue
        with contextlib.ExitStack() as attempt:
            try:
                folder = tempfile.mkdtemp(prefix="slipway-", dir=place)
                attempt.callback(shutil.rmtree, folder, True)
                path = os.path.join(folder, "s")
                if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
                    continue
                local = attempt.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                local.bind(path)
                local.listen(8)
            except OSError:
                continue
            opened.push(attempt.pop_all())
            return path, local
    return None, None


class Listener:
    """Answers everyone who connects with the nonce, and counts them."""

    def __init__(self, audience, opened, servers):
        self.audience = audience
        self.opened = opened
        self.nonce = binascii.hexlify(os.urandom(16))
        self.servers = {server.fileno(): (name, server) for name, server in servers.items() if server}
        self.asked = {name: 0 for name in servers}
        # Connections that were answered and not closed yet, by descriptor.
        self.answered = {}
        for _, server in self.servers.values():
            server.setblocking(False)
            audience.attend(server)

    def serve(self, seconds):
        """Until each of the servers was asked or the time is over; then says farewell."""
        wanted = [name for name, _ in self.servers.values()]
        deadline = time.monotonic() + seconds
        while self.audience.listens() and time.monotonic() < deadline and not all(self.asked[name] for name in wanted):
            self.turn(deadline)
        farewell = time.monotonic() + FAREWELL_S
        while self.audience.listens() and self.answered and time.monotonic() < farewell:
            self.turn(farewell)

    def turn(self, deadline):
        for descriptor in self.audience.wait(deadline - time.monotonic()):
            if descriptor in self.servers:
                self.answer(*self.servers[descriptor])
            else:
                self.read(descriptor)

    def answer(self, name, server):
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            if len(self.answered) >= MOST_ANSWERED:
                self.close(next(iter(self.answered)))
            self.opened.callback(connection.close)
            self.asked[name] += 1
            connection.setblocking(False)
            connection.sendall(self.nonce)
            connection.shutdown(socket.SHUT_WR)
            self.answered[connection.fileno()] = connection
            self.audience.attend(connection)

    def read(self, descriptor):
        """Throws away what was sent; at its end the connection is closed."""
        try:
            if descriptor not in self.answered or self.answered[descriptor].recv(65536):
                return
        except BlockingIOError:
            return
        except ConnectionError:
            # The other end threw the answer away; there is nothing left to wait for.
            pass
        self.close(descriptor)

    def close(self, descriptor):
        connection = self.answered.pop(descriptor)
        self.audience.leave(connection)
        connection.close()
