"""cancel: ends a run by its id, from whichever caller."""

from slipway_host.layout import Layout
from slipway_host.runs.folder import RunFolder
from slipway_host.runs.request import run_id
from slipway_host.wire import ignore_signals


def command_cancel(params):
    # It is asked for when a link is bad: one that is lost meanwhile must not leave the run half ended.
    ignore_signals()
    folder = RunFolder(Layout(params), run_id(params))
    return {"was_running": folder.exists() and folder.cancel()}
