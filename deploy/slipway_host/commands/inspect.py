"""status and logs."""

import contextlib

from slipway_host.audience import Audience
from slipway_host.layout import Layout
from slipway_host.log_follower import LogFollower
from slipway_host.params import flag_param, int_param
from slipway_host.runs import history
from slipway_host.status import log_lines, status_of
from slipway_host.versions import Versions
from slipway_host.wire import OUT

# Between two looks at a log that is followed.
PAUSE_S = 0.2


def command_status(params):
    layout = Layout(params)
    return dict(status_of(layout), runs=history.described(layout))


def command_logs(params):
    layout = Layout(params)
    count = int_param(params, "lines", 1, 10000, 200)
    follow = flag_param(params, "follow")
    Versions(layout).need_current()
    if follow:
        follow_log(layout, count)
        return {"lines": []}
    return {"lines": log_lines(layout, count)}


def follow_log(layout, count):
    """Emits the last lines and each new one until nobody wants them any more."""
    with Audience() as audience, contextlib.closing(LogFollower(layout.engine_log)) as follower:
        lines = follower.last(count)
        while audience.listens():
            for line in lines:
                if not audience.listens():
                    return
                OUT.emit({"event": "line", "text": line})
            audience.wait(PAUSE_S)
            lines = follower.new()
