"""watch: the gauges of the host and its engine, again and again."""

import time

from slipway_host.audience import Audience
from slipway_host.gauges.cards import Cards
from slipway_host.gauges.engine import engine_gauges
from slipway_host.gauges.host import host_gauges
from slipway_host.layout import Layout
from slipway_host.params import number_param
from slipway_host.wire import OUT


def command_watch(params):
    layout = Layout(params)
    interval = number_param(params, "interval_s", 1, 3600, 10)
    cards = Cards()
    events = 0
    try:
        with Audience() as audience:
            due = time.monotonic()
            while audience.listens():
                gpus = cards.read(audience, interval)
                gauges = dict(host_gauges(layout.root), gpus=gpus, engine=engine_gauges(layout))
                if audience.listens():
                    OUT.emit({"event": "gauges", "data": gauges})
                    events += 1
                # After a sleep of the host nothing is caught up on.
                due = max(due + interval, time.monotonic())
                audience.wait(due - time.monotonic())
    finally:
        cards.end()
    return {"events": events}
