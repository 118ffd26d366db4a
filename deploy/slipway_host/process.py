"""Processes: who they are, whether they live, running one to its end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

# How the reason of run_text begins when the command took too long.
NO_ANSWER = "no answer within"
# What run_text runs at this moment, perhaps in a thread that the run does not wait for.
RUNNING = set()


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


def end_group(leader):
    """Ends a process group, also what is left of one whose leader has just been reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def group_members(leader, session):
    """The pids of a group in a session (Linux); a number that was given to others does not match both."""
    found = []
    for name in os.listdir("/proc") if sys.platform.startswith("linux") else ():
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                with open("/proc/%s/stat" % name, "rb") as source:
                    fields = source.read().rpartition(b")")[2].split()
                if fields[0] not in (b"Z", b"X") and (int(fields[2]), int(fields[3])) == (leader, session):
                    found.append(int(name))
    return found


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
    """(exit status, output with errors) of a command; (None, reason) if it cannot run.

    After that time it is killed with all that it started. One that cannot be killed (a hung driver
    keeps its tool in the kernel) is left behind, so that the caller goes on.
    """
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, cwd="/", start_new_session=True, **options)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return None, str(error)
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, "%s %g seconds" % (NO_ANSWER, seconds)
    finally:
        RUNNING.discard(process)
        if process.returncode is None:
            end_group(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.stdout.close()
    return process.returncode, output.decode("utf-8", "replace")


def end_running():
    """Ends what threads still run, before the run itself ends."""
    for process in list(RUNNING):
        if process.poll() is None:
            end_group(process.pid)


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
