"""The operating system: its release, C library, user and package manager."""

import contextlib
import getpass
import glob
import os
import platform
import re

from slipway_host.process import run_text


def user_name():
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def os_release():
    """/etc/os-release as a dictionary; empty on macOS."""
    found = {}
    with contextlib.suppress(OSError):
        with open("/etc/os-release", encoding="utf-8", errors="replace") as source:
            for line in source:
                key, equals, value = line.strip().partition("=")
                if equals:
                    found[key] = value.strip("\"'")
    return found


def package_fix(**names):
    """The command that installs a system package on this distribution."""
    if platform.system() == "Darwin":
        return names.get("brew", "")
    release = os_release()
    family = [release.get("ID", "")] + release.get("ID_LIKE", "").split()
    for distribution, manager, key in (
            ("debian", "sudo apt install ", "apt"), ("ubuntu", "sudo apt install ", "apt"),
            ("fedora", "sudo dnf install ", "dnf"), ("rhel", "sudo dnf install ", "dnf"),
            ("arch", "sudo pacman -S ", "pacman"), ("suse", "sudo zypper install ", "zypper"),
            ("opensuse", "sudo zypper install ", "zypper"), ("alpine", "sudo apk add ", "apk")):
        if distribution in family:
            return manager + names[key]
    return "sudo apt install " + names["apt"]


def python_fix():
    return package_fix(apt="python3 python3-venv", dnf="python3.11", pacman="python", zypper="python311",
                       apk="python3", brew="brew install python")


def venv_fix():
    return package_fix(apt="python3-venv", dnf="python3-pip", pacman="python-pip", zypper="python3-pip",
                       apk="py3-pip", brew="brew install python")


def libgomp_fix():
    return package_fix(apt="libgomp1 libstdc++6", dnf="libgomp libstdc++", pacman="gcc-libs",
                       zypper="libgomp1 libstdc++6", apk="libgomp libstdc++")


def libc_text():
    if platform.system() == "Darwin":
        return "macos " + platform.mac_ver()[0]
    version = glibc_version()
    if version:
        return "glibc %d.%d" % version
    return "musl" if glob.glob("/lib/ld-musl-*") else "unknown"


def libc_facts():
    """{name: glibc, musl, macos or unknown, version: text or null}."""
    if platform.system() == "Darwin":
        return {"name": "macos", "version": platform.mac_ver()[0] or None}
    version = glibc_version()
    if version:
        return {"name": "glibc", "version": "%d.%d" % version}
    loaders = glob.glob("/lib/ld-musl-*")
    if not loaders:
        return {"name": "unknown", "version": None}
    # The loader prints its version when it is run without a program.
    match = re.search(r"Version (\d[\d.]*)", run_text([loaders[0]], 5)[1])
    return {"name": "musl", "version": match.group(1) if match else None}


def glibc_version():
    try:
        name, _, version = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
        return tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else None
    except (ValueError, OSError, AttributeError):
        return None
