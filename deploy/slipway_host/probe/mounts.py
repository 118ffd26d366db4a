"""The mounted file systems."""

import collections
import platform
import re

from slipway_host.process import run_text

TABLE = "/proc/self/mounts"

Mount = collections.namedtuple("Mount", "source path kind")


def mounts():
    """Every mount, in the order in which they were made; none where the system does not tell."""
    if platform.system() == "Darwin":
        # "/dev/disk3s5 on /Volumes/Data (apfs, local, journaled)"
        found = re.findall(r"^(.+?) on (/.*) \((\w+)[,)]", run_text(["mount"], 5)[1], re.MULTILINE)
        return [Mount(*words) for words in found]
    try:
        # Names need not be text.
        with open(TABLE, encoding="utf-8", errors="surrogateescape") as source:
            lines = [line.split(" ") for line in source]
    except OSError:
        return []
    return [Mount(plain(words[0]), plain(words[1]), words[2]) for words in lines if len(words) > 2]


def plain(word):
    """Blanks, tabs, line ends and backslashes are written as octal numbers in the table."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), word)
