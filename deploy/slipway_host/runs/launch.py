"""Beginning a run: its folder, its process, and what that process does."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from slipway_host.filesystem import os_failure, remove_tree, write_file, write_json
from slipway_host.layout import Layout
from slipway_host.main import COMMANDS, command, completed
from slipway_host.params import bad_param
from slipway_host.process import start_time
from slipway_host.runs import history
from slipway_host.runs.folder import RunFolder, run_lost
from slipway_host.runs.record import EventRecord
from slipway_host.supervisor.spawn import script_path
from slipway_host.wire import OUT, handle_signals

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def begin(layout, folder, request, params):
    """Begins the run unless it is known; whether it was known."""
    if folder.exists():
        return known(folder, request)
    if request.attach:
        raise run_lost(request.run)
    script_path()
    layout.make(layout.runs)
    # A signal comes when the run is there to be followed; its process begins with them held back too.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        try:
            # In one step: of two who begin the same run, the second follows the first.
            os.mkdir(folder.path, 0o700)
        except FileExistsError:
            return folder.exists() and known(folder, request)
        try:
            spawn(layout, folder, request, params)
        except BaseException:
            remove_tree(folder.path)
            raise
    except OSError as error:
        raise os_failure(error, layout.root) or error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    history.prune(layout)
    return False


def known(folder, request):
    told = folder.told("subcommand", str)
    if told not in (None, request.subcommand):
        raise bad_param("run.id", "one of its own: that run is of %s" % told)
    return True


def spawn(layout, folder, request, params):
    """Starts the process of a run; a process as of subprocess."""
    state = {"id": request.run, "subcommand": request.subcommand, "deployment": layout.name, "script": script_path(),
             "fingerprint": request.fingerprint, "owner": request.owner, "started_at": time.time()}
    folder.save(state, None, None)
    write_json(folder.params, {
        "run": request.run, "state": state,
        "params": {key: value for key, value in params.items() if key not in ("run", "marker")}})
    write_file(folder.events, b"")
    with open(folder.output, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", script_path(), "work", "--params", folder.params],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True, close_fds=True)
    with contextlib.suppress(OSError):
        # The process writes the same, but later than somebody may look.
        folder.save(state, process.pid, start_time(process.pid))
    return process


def command_work(given):
    """The process of a run: does the subcommand, and records its events."""
    params, state = given["params"], given["state"]
    folder = RunFolder(Layout(params), given["run"])
    OUT.record = EventRecord(folder.events, given["run"])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def work():
        # Before anything that takes time: they may hold a secret.
        os.unlink(folder.params)
        handle_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        folder.save(state, os.getpid(), start_time(os.getpid()))
        return command(COMMANDS, state["subcommand"])(params)

    OUT.emit(completed(lambda: {"event": "result", "data": work()}))
