"""Packages that the caller brought to the host, so that no package index is needed."""

import os

from slipway_host.checksum import check_hash
from slipway_host.engine.pins import this_wheel
from slipway_host.params import bad_param, text_param


def wheels_folder(params):
    """The folder of brought packages, or None."""
    folder = text_param(params, "wheels")
    if folder is None:
        return None
    if not os.path.isabs(folder):
        raise bad_param("wheels", "an absolute directory")
    return os.path.normpath(folder)


def brought_wheel(params):
    """The path of the engine's pinned wheel if it was brought, else None; raises hash_mismatch for another file."""
    folder = wheels_folder(params)
    path = os.path.join(folder, this_wheel()[0]) if folder else None
    if path is None or not os.path.isfile(path):
        return None
    check_hash(path, this_wheel()[2], "engine")
    return path
