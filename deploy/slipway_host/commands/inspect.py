"""status and logs."""

from slipway_host.layout import Layout
from slipway_host.manifest import need_manifest
from slipway_host.params import int_param
from slipway_host.status import log_lines, status_of


def command_status(params):
    return status_of(Layout(params))


def command_logs(params):
    layout = Layout(params)
    need_manifest(layout)
    return {"lines": log_lines(layout, int_param(params, "lines", 1, 10000, 200))}
