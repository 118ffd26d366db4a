"""Files and directories: atomic writes, sizes, space, and what may be done where."""

import contextlib
import errno
import json
import os
import shutil
import time

from slipway_host.fault import Failure, no_write_permission
from slipway_host.units import size_text


@contextlib.contextmanager
def umask(mask):
    previous = os.umask(mask)
    try:
        yield
    finally:
        os.umask(previous)


def existing_ancestor(path):
    while not os.path.lexists(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    return path


def read_json(path):
    """The JSON object in a file, or None if it is absent or damaged."""
    try:
        with open(path, "rb") as source:
            value = json.loads(source.read().decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def write_file(path, data, mode=0o600):
    """Replaces a file in one step; readers see the old or the new content."""
    temporary = "%s.tmp-%d" % (path, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_json(path, value):
    write_file(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode("ascii"))


def tree_bytes(path):
    """The size of the files below path (of the file itself), links not followed."""
    try:
        total = os.lstat(path).st_size if not os.path.isdir(path) or os.path.islink(path) else 0
    except OSError:
        return 0
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_size
    return total


def is_inside(path, folder):
    """Whether a path is, or lies in, a folder once all links are followed."""
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def remove_tree(path):
    """Removes a file or directory; returns the bytes that went."""
    if not os.path.lexists(path):
        return 0
    size = tree_bytes(path)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return 0 if os.path.lexists(path) else size


def disk_space(path):
    """Space where path is or would be; inodes are null where the file system does not count them."""
    place = existing_ancestor(path)
    found = os.statvfs(place)
    return {"path": place, "free_bytes": found.f_bavail * found.f_frsize,
            "total_bytes": found.f_blocks * found.f_frsize,
            "free_inodes": found.f_favail if found.f_files else None}


def is_writable(path):
    """Whether path can be made or written, judged without writing."""
    place = existing_ancestor(path)
    read_only = os.statvfs(place).f_flag & getattr(os, "ST_RDONLY", 1)
    return os.path.isdir(place) and not read_only and os.access(place, os.W_OK | os.X_OK)


def is_noexec(path):
    return bool(os.statvfs(existing_ancestor(path)).f_flag & getattr(os, "ST_NOEXEC", 0))


def os_failure(error, path, needed=0):
    """The Failure for an OSError while writing to path, or None if it has no code of its own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path, needed)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return no_write_permission(error.filename or path)
    return None


def disk_full(path, needed):
    free = disk_space(path)["free_bytes"]
    return Failure("disk_full", "The disk of the host is too full: %s is needed below %s, %s is free."
                   % (size_text(needed) if needed else "more space", path, size_text(free)),
                   path=path, needed=needed, free=free)


def is_older_than(path, seconds):
    """Whether nothing changed for so long, in a folder nothing at all."""
    try:
        newest = os.lstat(path).st_mtime
    except OSError:
        return False
    for directory, folders, names in os.walk(path):
        for name in folders + names:
            with contextlib.suppress(OSError):
                newest = max(newest, os.lstat(os.path.join(directory, name)).st_mtime)
    return time.time() - newest > seconds
