"""What a caller asks of a run: the parameter "run"."""

from slipway_host.params import bad_param, flag_param, int_param, object_param, text_param
from slipway_host.runs.folder import ID

# An uninstall would remove its own record before anybody has read how it ended.
SUBCOMMANDS = ("install", "start", "rollback", "commit", "clean", "stop")
FINGERPRINT_CHARACTERS = 128
OWNER_CHARACTERS = 64


class RunRequest:
    """The checked parameter "run" of a subcommand that is done as a run."""

    def __init__(self, subcommand, params):
        if subcommand not in SUBCOMMANDS:
            raise bad_param("run", "left out: %s is not done as a run" % subcommand)
        # An error names them by their whole name.
        given = {"run." + key: value for key, value in object_param(params, "run").items()}
        self.subcommand = subcommand
        self.run = run_id(params)
        self.fingerprint = short_text(given, "run.fingerprint", FINGERPRINT_CHARACTERS)
        self.owner = short_text(given, "run.owner", OWNER_CHARACTERS)
        self.offset = int_param(given, "run.offset", 0, 1 << 62, 0)
        self.attach = flag_param(given, "run.attach")


def run_id(params):
    """The id in the parameter "run"; it becomes the name of a folder."""
    value = object_param(params, "run", {}).get("id")
    if not isinstance(value, str) or not ID.match(value):
        raise bad_param("run.id", "8 to 64 characters of [0-9A-Za-z-]")
    return value


def short_text(given, name, longest):
    value = text_param(given, name)
    if value is not None and len(value) > longest:
        raise bad_param(name, "a line of at most %d characters" % longest)
    return value
