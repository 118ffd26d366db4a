"""Places for files, proxies, and the clock."""

import os
import tempfile
import time

from slipway_host.filesystem import disk_space, existing_ancestor, is_noexec, is_writable
from slipway_host.probe.mounts import mounts

PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def place_facts(layout, model_folder):
    """The file systems that a deployment touches: role, path, space, inodes, kind, what is allowed."""
    places = [("root", layout.root), ("home", os.path.expanduser("~")), ("tmp", temporary_folder()),
              ("models", model_folder or layout.models)]
    kinds = mounted_kinds()
    facts = []
    for role, path in places:
        try:
            found = disk_space(path)
            facts.append(dict(found, role=role, wanted=path, kind=kind_of(found["path"], kinds),
                              writable=is_writable(path), noexec=is_noexec(path)))
        except OSError:
            continue
    return facts


def temporary_folder():
    """Where programs put temporary files, judged without writing one."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        if os.path.isdir(os.environ.get(name) or ""):
            return os.environ[name]
    return "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()


def mounted_kinds():
    """{mount point: kind of file system}; of several mounts in one place the last is what is seen."""
    return {mount.path: mount.kind for mount in mounts()}


def kind_of(path, kinds):
    path = os.path.realpath(existing_ancestor(path))
    while path not in kinds and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return kinds.get(path)


def proxy_names():
    """The names of the proxy variables that are set; their values may hold passwords."""
    return sorted(name for name in os.environ if name.lower() in PROXY_NAMES and os.environ[name])


def clock_facts(caller_time):
    """{time, skew_s}: the host's clock, and by how many seconds it is ahead of the caller's."""
    now = time.time()
    return {"time": round(now, 3), "skew_s": None if caller_time is None else round(now - caller_time, 1)}
