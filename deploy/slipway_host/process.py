"""Processes: who they are, whether they live, running one to its end."""

import contextlib
import os
import subprocess
import sys
import threading
import time


def start_time(pid):
    """When a live process started, as text that identifies it; None if dead or a zombie."""
    if sys.platform.startswith("linux"):
        try:
            with open("/proc/%d/stat" % pid, "rb") as source:
                # The command may hold spaces and brackets: the fields begin after the last ")".
                fields = source.read().rpartition(b")")[2].split()
            return None if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")
        except (OSError, IndexError):
            return None
    try:
        answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=5,
                                env=dict(os.environ, LC_ALL="C"))
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.decode("ascii", "replace").split()
    return None if not words or words[0].startswith("Z") else "_".join(words[1:])


def is_running(pid, started):
    return isinstance(pid, int) and pid > 1 and started is not None and start_time(pid) == started


def signal_process(pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def wait_gone(pid, started, seconds):
    """Waits until the process has ended; False if it still runs after that time."""
    deadline = time.monotonic() + seconds
    while is_running(pid, started):
        if time.monotonic() > deadline:
            return False
        with contextlib.suppress(ChildProcessError, OSError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
    return True


def run_text(command, seconds, **options):
    """(exit status, output with errors) of a command; (None, reason) if it cannot run."""
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds, cwd="/", **options)
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    return answer.returncode, answer.stdout.decode("utf-8", "replace")


def run_together(jobs):
    """Runs functions in threads and waits for all; an exception of one ends up here."""
    errors = []

    def guarded(job):
        try:
            job()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
