"""The package index as the user configured it for pip."""

import json
import os
import urllib.parse

from slipway_host.engine.pins import PACKAGE
from slipway_host.fault import Failure
from slipway_host.probe.python import pip_commands
from slipway_host.process import run_text

# Runs beside a pip: tells the configured index and whether it answers within 3 seconds.
INDEX_FACTS = r"""
import json, os, ssl, sys, urllib.request, urllib.error
package, wheel, test = sys.argv[1:4]
if wheel:
    sys.path.insert(0, wheel)
settings = {}
default = None
try:
    from pip._internal.configuration import Configuration
    from pip._internal.models.index import PyPI
    default = PyPI.simple_url
    configuration = Configuration(isolated=False)
    configuration.load()
    for name in ("index-url", "cert", "find-links", "no-index"):
        for section in (":env:", "download", "global"):
            try:
                settings[name] = configuration.get_value(section + "." + name)
            except Exception:
                pass
            # As for pip itself, an empty variable is none.
            if settings.get(name):
                break
except Exception as error:
    settings["error"] = str(error)
index = os.environ.get("PIP_INDEX_URL") or settings.get("index-url") or default
reachable, detail = None, ""
wanted = str(settings.get("no-index", "")).lower() not in ("1", "true", "yes")
if index and wanted and test:
    context = ssl.create_default_context()
    try:
        if settings.get("cert"):
            context.load_verify_locations(settings["cert"])
        else:
            from pip._vendor import certifi
            context.load_verify_locations(certifi.where())
    except Exception:
        pass
    try:
        urllib.request.urlopen(urllib.request.Request(index.rstrip("/") + "/" + package + "/",
            headers={"User-Agent": "slipway"}), timeout=3, context=context).read(1)
        reachable = True
    except urllib.error.HTTPError as error:
        reachable, detail = error.code < 500, "HTTP status %d" % error.code
    except Exception as error:
        reachable, detail = False, str(getattr(error, "reason", error))
print("INDEX" + json.dumps({"index": index, "reachable": reachable, "detail": detail, "wanted": wanted,
                            "local": bool(settings.get("find-links"))}))
"""


def configured_index():
    """The index address that the user set for pip (environment or configuration file), or None."""
    address = os.environ.get("PIP_INDEX_URL")
    if address:
        return address
    import configparser
    home = os.path.expanduser("~")
    places = [os.environ.get("PIP_CONFIG_FILE"), home + "/.config/pip/pip.conf", home + "/.pip/pip.conf",
              home + "/Library/Application Support/pip/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/pip.conf"]
    for place in places:
        parser = configparser.RawConfigParser()
        try:
            if place and parser.read(place) and parser.has_option("global", "index-url"):
                return parser.get("global", "index-url")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
    return None


def index_facts(pythons, engine_python, test):
    """{index, reachable, detail, wanted, local} as pip is configured; reachable is None if not known or tested."""
    unknown = {"index": configured_index(), "reachable": None, "detail": "", "wanted": True, "local": False}
    commands = pip_commands(pythons, engine_python) if engine_python else []
    if not commands:
        return unknown
    command = commands[0][0]
    wheel = "" if command[1] == "-m" else os.path.dirname(command[1])
    status, text = run_text([command[0], "-c", INDEX_FACTS, PACKAGE, wheel, "test" if test else ""], 5)
    for line in text.splitlines() if status == 0 else ():
        if line.startswith("INDEX"):
            return json.loads(line[5:])
    if status is None and test:
        unknown.update(reachable=False, detail="no answer within 5 seconds")
    return unknown


def index_address(facts):
    """The index that the host's pip would use, for a caller that asks it in the host's place; None if there is none
    or if its address may hold a secret."""
    index = facts.get("index") if facts.get("wanted") else None
    try:
        parts = urllib.parse.urlsplit(index or "")
        secret = parts.username is not None or parts.password is not None or parts.query or parts.fragment
        return index if parts.scheme in ("http", "https") and parts.hostname and not secret else None
    except ValueError:
        return None


def no_index(detail):
    return Failure("no_index_reachable", "The host cannot reach its Python package index.", detail=detail[-500:])
