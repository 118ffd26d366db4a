"""Other places for a deployment: real file systems with room where the user may write and run programs."""

import os
import re
import threading
import time

from slipway_host.engine.pins import ENGINE_DISK_BYTES
from slipway_host.fault import Failure
from slipway_host.filesystem import disk_space, existing_ancestor, is_noexec, is_writable
from slipway_host.layout import Layout
from slipway_host.probe.mounts import mounts
from slipway_host.probe.system import user_name

MOST = 5
# The server of a network's file system may be gone; the others do not wait for it.
TIMEOUT_S = 3
# How many file systems are asked; container hosts have thousands of mounts.
MOST_ASKED = 64
# File systems that keep owners and modes: the API key's file and a socket's directory depend on them.
KINDS = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "nilfs2", "ocfs2", "gfs2", "gpfs",
         "lustre", "nfs", "nfs4", "ceph", "beegfs", "fuse.glusterfs", "fuse.mergerfs", "virtiofs", "apfs", "hfs"}
# Where the system keeps its own.
SYSTEM = ("/boot", "/dev", "/etc", "/nix", "/proc", "/run", "/snap", "/sys", "/System", "/usr", "/var/lib", "/var/snap")


def directory_facts(layout):
    """[{path, free_bytes, total_bytes}], most room first; PATH/v1 is valid as root, on another device than this one."""
    answers = []
    worthwhile = [mount.path for mount in mounts() if mount.kind in KINDS and not is_systems(mount.path)]
    threads = [threading.Thread(target=judge, args=(path, answers), daemon=True)
               for path in sorted(set(worthwhile), key=len)[:MOST_ASKED]]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIMEOUT_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    by_device = {}
    # A device may be mounted in many places.
    for device, facts in sorted(answers, key=lambda answer: (len(answer[1]["path"]), answer[1]["path"])):
        by_device.setdefault(device, facts)
    by_device.pop(os.stat(existing_ancestor(layout.root)).st_dev, None)
    return sorted(by_device.values(), key=lambda facts: -facts["free_bytes"])[:MOST]


def is_systems(path):
    return any(path == place or path.startswith(place + "/") for place in SYSTEM)


def judge(path, answers):
    """Adds (device, facts) of a mounted directory if it will do."""
    try:
        device = os.stat(path).st_dev
        space = disk_space(path)
        if not os.path.isdir(path) or space["free_bytes"] < ENGINE_DISK_BYTES or is_noexec(path):
            return
        place = place_on(path, device)
        if place:
            Layout({"root": os.path.join(place, "v1")})
            place.encode("utf-8")
            answers.append((device, {"path": place, "free_bytes": space["free_bytes"],
                                     "total_bytes": space["total_bytes"]}))
    except (OSError, ValueError, Failure):
        # Gone, refused, or of a name that cannot be given.
        return


def place_on(path, device):
    """A folder of the user's own on this file system, one that is there or can be made; None if there is none."""
    user = re.sub(r"[^A-Za-z0-9._-]", "_", user_name())
    home = os.path.expanduser("~")
    at_home = os.path.isdir(home) and os.stat(home).st_dev == device
    for folder in [home] if at_home else [path, os.path.join(path, user)]:
        place = os.path.join(folder, "slipway-" + user)
        if os.path.lexists(place):
            # Where everybody may write, somebody else may have made it.
            mine = os.path.isdir(place) and not os.path.islink(place) and os.stat(place).st_uid == os.getuid()
            if mine and is_writable(place):
                return place
        elif is_writable(folder) and os.path.isdir(folder):
            return place
    return None
