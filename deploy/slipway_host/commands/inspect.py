"""status and logs."""

from slipway_host.layout import Layout
from slipway_host.params import int_param
from slipway_host.runs import history
from slipway_host.status import log_lines, status_of
from slipway_host.versions import Versions


def command_status(params):
    layout = Layout(params)
    return dict(status_of(layout), runs=history.described(layout))


def command_logs(params):
    layout = Layout(params)
    Versions(layout).need_current()
    return {"lines": log_lines(layout, int_param(params, "lines", 1, 10000, 200))}
