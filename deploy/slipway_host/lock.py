"""One run at a time on a root."""

import contextlib
import os
import shutil
import socket
import time

from slipway_host.fault import Failure
from slipway_host.filesystem import os_failure, read_json, write_json
from slipway_host.probe.system import user_name
from slipway_host.process import is_running, start_time
from slipway_host.units import utc_text
from slipway_host.wire import OUT

# A lock taken on another machine (a shared home) cannot be checked; after this long it is stale.
FOREIGN_LOCK_S = 24 * 3600


class Lock:
    """A directory made by mkdir, with its owner inside; a dead owner's lock is taken over."""

    def __init__(self, layout, what, wait):
        self.layout = layout
        self.what = what
        self.wait = wait
        self.held = False

    def __enter__(self):
        deadline = time.monotonic() + self.wait
        while not self.take():
            owner = read_json(os.path.join(self.layout.lock, "owner.json"))
            if self.is_stale(owner):
                self.heal(owner)
            elif time.monotonic() >= deadline:
                raise self.failure(owner)
            else:
                OUT.check()
                time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        """Lets go before the end of the block."""
        if self.held:
            self.held = False
            shutil.rmtree(self.layout.lock, ignore_errors=True)

    def again(self):
        """Takes the lock once more if it was let go."""
        return contextlib.nullcontext(self) if self.held else self

    def take(self):
        try:
            os.mkdir(self.layout.lock, 0o700)
        except FileExistsError:
            return False
        except OSError as error:
            raise os_failure(error, self.layout.root) or error
        self.held = True
        try:
            write_json(os.path.join(self.layout.lock, "owner.json"), {
                "pid": os.getpid(), "host": socket.gethostname(), "user": user_name(),
                "start_time": start_time(os.getpid()), "since": time.time(), "what": self.what,
                "run": OUT.record.run if OUT.record else ""})
        except BaseException as error:
            self.__exit__()
            if isinstance(error, OSError):
                raise os_failure(error, self.layout.root) or error
            raise
        return True

    def age(self, owner):
        since = (owner or {}).get("since")
        if isinstance(since, bool) or not isinstance(since, (int, float)) or not 0 < since < 1e11:
            try:
                since = os.stat(self.layout.lock).st_mtime
            except OSError:
                since = time.time()
        return max(0.0, time.time() - since)

    def is_stale(self, owner):
        if owner is None:
            # Between mkdir and the owner file a live owner needs a moment.
            return self.age(None) > 10
        if owner.get("host") != socket.gethostname():
            return self.age(owner) > FOREIGN_LOCK_S
        return not is_running(owner.get("pid"), owner.get("start_time"))

    def heal(self, owner):
        """Removes a stale lock. The flock keeps two healers from removing each other's new lock."""
        import fcntl
        descriptor = os.open(self.layout.root, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if read_json(os.path.join(self.layout.lock, "owner.json")) == owner and self.is_stale(owner):
                OUT.log("A stale lock of process %s (%s, %d s old) was removed."
                        % ((owner or {}).get("pid", "?"), (owner or {}).get("what", "?"), self.age(owner)), "warn")
                shutil.rmtree(self.layout.lock, ignore_errors=True)
        finally:
            os.close(descriptor)

    def failure(self, owner):
        owner = owner or {}
        age = int(self.age(owner))
        name = "%s@%s (%s)" % (owner.get("user", "?"), owner.get("host", "?"), owner.get("what", "?"))
        return Failure("lock_held", "Another run, %s, process %s, has been working on this host for %d s."
                       % (name, owner.get("pid", "?"), age), owner=name, pid=owner.get("pid", ""),
                       since=utc_text(time.time() - age), age_seconds=age,
                       run=owner.get("run") or "")
