"""The caller of a run that lasts until it is told to end."""

import contextlib
import os
import select
import signal
import sys
import time

from slipway_host.wire import OUT

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Where a closed stdout cannot be noticed without writing, an empty line is written this often.
SIGN_OF_LIFE_S = 30.0


class Audience:
    """Notices the signal that ends the run and that nobody reads stdout any more.

    A signal only sets a flag, so that no line is left half written.
    """

    def __init__(self):
        self.dismissed = False
        self.poll = select.poll()
        self.notices = sys.platform.startswith("linux")
        self.last_sign = time.monotonic()

    def __enter__(self):
        self.wake, self.waker = os.pipe()
        for descriptor in (self.wake, self.waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self.waker)
        for number in SIGNALS:
            signal.signal(number, self.dismiss)
        self.poll.register(self.wake, select.POLLIN)
        if self.notices:
            # No event is asked for: an error or a hang-up is told in any case.
            self.poll.register(1, 0)
        return self

    def __exit__(self, *_):
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.close(self.wake)
        os.close(self.waker)

    def dismiss(self, *_):
        self.dismissed = True

    def listens(self):
        """Whether to go on."""
        return not self.dismissed and not OUT.closed()

    def attend(self, source):
        """Lets wait return when this file or socket can be read."""
        self.poll.register(source, select.POLLIN)

    def leave(self, source):
        self.poll.unregister(source)

    def wait(self, seconds):
        """Waits until the time is over, the run has to end or a source can be read; the descriptors of those."""
        deadline = time.monotonic() + seconds
        while self.listens():
            left = deadline - time.monotonic()
            pause = left if self.notices else min(left, SIGN_OF_LIFE_S)
            ready = {descriptor for descriptor, _ in self.poll.poll(max(0.0, pause) * 1000)} - {1}
            if self.wake in ready:
                ready.discard(self.wake)
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            if ready or time.monotonic() >= deadline:
                return ready
            self.give_sign()
        return set()

    def give_sign(self):
        if not self.notices and time.monotonic() - self.last_sign >= SIGN_OF_LIFE_S:
            self.last_sign = time.monotonic()
            try:
                os.write(1, b"\n")
            except OSError:
                OUT.gone = True
