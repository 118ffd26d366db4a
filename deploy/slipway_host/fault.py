"""Errors with a stable code, and the end of a run on request."""


class Failure(Exception):
    """An error with a stable code; ends the run with an error event."""

    def __init__(self, code, message, **params):
        Exception.__init__(self, message)
        self.code = code
        self.params = {key: str(value) for key, value in params.items()}


class Cancelled(BaseException):
    """The caller asked to stop, or is gone. ``resume`` keeps what the next run can use."""

    def __init__(self, resume):
        BaseException.__init__(self)
        self.resume = resume


def no_write_permission(path):
    return Failure("no_write_permission", "You may not write to %s on the host." % path, path=path)


def model_unsupported(engine, wanted):
    return Failure("model_unsupported", "%s serves %s only." % (engine, wanted), engine=engine, wanted=wanted)


def hash_mismatch(what, expected, actual):
    return Failure("hash_mismatch", "The %s is not the expected file: its sha256 is %s instead of %s."
                   % (what, actual or "another", expected), what=what, expected=expected, actual=actual)
