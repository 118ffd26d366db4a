"""rollback: back to the version before, or away from a candidate that was not verified."""

from slipway_host.commands.start import bring_up
from slipway_host.commands.versions import is_complete
from slipway_host.fault import Failure
from slipway_host.layout import Layout
from slipway_host.lock import Lock
from slipway_host.params import flag_param, seconds_param, text_param
from slipway_host.status import running_supervisor, stop_engine
from slipway_host.versions import Versions
from slipway_host.wire import OUT, handle_signals


def command_rollback(params):
    handle_signals()
    layout = Layout(params)
    versions = Versions(layout)
    timeout = seconds_param(params, "timeout_s", 120)
    wanted = text_param(params, "version")
    only_candidate = flag_param(params, "only_candidate")
    if versions.pointer()["candidate"] is None:
        if only_candidate:
            return answer(versions.pointer()["current"], None, None)
        versions.need_current()
    with Lock(layout, "rollback", seconds_param(params, "lock_wait_s", 5)) as lock:
        versions.adopt()
        was_running = running_supervisor(layout) is not None
        pointer = versions.pointer()
        if pointer["candidate"] and wanted in (None, pointer["current"]):
            return leave_candidate(layout, versions, params, timeout, lock, was_running)
        target = wanted or pointer["previous"]
        if target is None:
            raise Failure("no_previous_version", "There is no version to go back to.")
        if target not in versions.names():
            raise Failure("version_unknown", "There is no version %s." % target, version=target)
        manifest = versions.need(target)
        if not is_complete(layout, manifest):
            raise Failure("version_incomplete", "The engine or the model of version %s is gone; deploy it again."
                          % target, version=target)
        before = pointer["current"]
        if not was_running:
            versions.make_current(target)
            return answer(target, before, None)
        try:
            started = bring_up(layout, target, manifest, params, timeout, lock)
        except Failure as failure:
            failure.params["restored"] = restore(layout, versions, timeout, lock)
            raise
        with lock.again():
            versions.make_current(target)
        return answer(target, before, started)


def leave_candidate(layout, versions, params, timeout, lock, was_running):
    """Forgets the candidate; the current version runs again if anything ran."""
    candidate = versions.pointer()["candidate"]
    versions.drop_candidate()
    version, manifest = versions.current()
    if manifest is None or not was_running:
        stop_engine(layout)
        return answer(version, candidate, None)
    return answer(version, candidate, bring_up(layout, version, manifest, params, timeout, lock))


def restore(layout, versions, timeout, lock):
    """Starts the current version again after another did not start; its name, or "" if it fails too."""
    with lock.again():
        version, manifest = versions.current()
        try:
            bring_up(layout, version, manifest, {}, timeout, lock)
        except Failure as failure:
            OUT.log("The version before does not start either: %s" % failure, "error")
            return ""
        return version


def answer(version, left, started):
    return {"version": version, "left": left, "running": started is not None, "start": started}
