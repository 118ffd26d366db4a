"""Figures as people read them."""

import time


def size_text(count):
    """1234567 -> "1.2 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return "%.0f %s" % (amount, unit) if unit == "B" else "%.1f %s" % (amount, unit)
        amount /= 1000
    return "%.1f TB" % amount


def utc_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def version_text(version):
    return ".".join(str(part) for part in version)
