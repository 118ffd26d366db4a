"""The parameters of a run: a JSON object whose every value is checked."""

import base64
import json
import os
import re
import sys

from slipway_host.fault import Failure

# The longest path that Linux takes.
LONGEST_TEXT = 4096


def read_params(arguments):
    """The JSON object given by --params FILE (- is standard input) or --params-b64 TEXT."""
    if len(arguments) != 2 or arguments[0] not in ("--params", "--params-b64"):
        raise Failure("script_failed", "Usage: deploy_llm_server.py SUBCOMMAND "
                      "(--params FILE | --params-b64 BASE64_JSON)", detail="usage")
    try:
        if arguments == ["--params", "-"]:
            data = sys.stdin.buffer.read()
        elif arguments[0] == "--params":
            with open(arguments[1], "rb") as source:
                data = source.read()
        else:
            data = base64.b64decode(arguments[1].encode("ascii"), validate=True)
        params = json.loads(data.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise Failure("script_failed", "The parameters cannot be read: %s" % error, detail=error)
    if not isinstance(params, dict):
        raise bad_param("params", "a JSON object")
    return params


def bad_param(name, wanted):
    return Failure("script_failed", "The parameter %s must be %s." % (name, wanted),
                   detail="bad parameter: " + name)


def text_param(params, name, default=None):
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or not value or "\0" in value or "\n" in value or len(value) > LONGEST_TEXT:
        raise bad_param(name, "a line of text, at most %d characters" % LONGEST_TEXT)
    try:
        # Half a surrogate pair is no name of a file; a byte that is not text is one.
        os.fsencode(value)
    except UnicodeEncodeError:
        raise bad_param(name, "text that the host can write")
    return value


def int_param(params, name, lowest, highest, default=None):
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise bad_param(name, "a whole number from %d to %d" % (lowest, highest))
    return value


def seconds_param(params, name, default):
    value = params.get(name)
    if value is None:
        return float(default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 86400:
        raise bad_param(name, "a number of seconds from 0 to 86400")
    return float(value)


def number_param(params, name, lowest, highest, default=None):
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
        raise bad_param(name, "a number from %g to %g" % (lowest, highest))
    return value


def flag_param(params, name):
    """True or False; False when it is not given."""
    value = params.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_param(name, "true or false")
    return bool(value)


def object_param(params, name, default=None):
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, dict):
        raise bad_param(name, "a JSON object")
    return value


def sha256_param(params, name="sha256"):
    value = text_param(params, name)
    if value is not None and not re.match(r"[0-9a-fA-F]{64}\Z", value):
        raise bad_param(name, "64 hexadecimal digits")
    return value.lower() if value else None
