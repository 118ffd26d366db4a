"""The sha256 of files."""

import hashlib
import os

from slipway_host.fault import hash_mismatch
from slipway_host.wire import OUT


def file_sha256(path, stage):
    """The sha256 of a file in hex; with progress when a stage is given."""
    digest = hashlib.sha256()
    size = os.stat(path).st_size
    done = 0
    with open(path, "rb") as source:
        while True:
            block = source.read(1024 * 1024)
            if not block:
                return digest.hexdigest()
            digest.update(block)
            done += len(block)
            if stage:
                OUT.progress(stage, os.path.basename(path), done, size)


def check_hash(path, expected, what):
    actual = file_sha256(path, None)
    if actual != expected:
        raise hash_mismatch(what, expected, actual)
