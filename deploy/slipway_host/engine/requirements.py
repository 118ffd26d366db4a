"""What the wheel needs of a host."""

import ctypes
import platform

from slipway_host.engine.pins import MINIMUM_GLIBC, WHEELS
from slipway_host.fault import Failure
from slipway_host.probe.hardware import cpu_facts
from slipway_host.probe.package_index import configured_index
from slipway_host.probe.python import engine_python_failure
from slipway_host.probe.system import glibc_version, libc_text, libgomp_fix


def platform_failure():
    """Why the wheel cannot run on this system, or None."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) not in WHEELS:
        return Failure("unsupported_platform", "The engine is not built for %s on %s."
                       % (system, machine), os=system, arch=machine)
    if system == "Linux":
        version = glibc_version()
        if version is None:
            return Failure("unsupported_platform", "The engine needs a Linux with glibc; this one has %s. "
                           "Install llama-server on the host and deploy again." % libc_text(),
                           os="Linux (%s)" % libc_text(), arch=machine)
        if version < MINIMUM_GLIBC:
            return Failure("glibc_too_old", "The engine needs glibc 2.17; the host has %d.%d." % version,
                           found="%d.%d" % version, needed="2.17")
    elif tuple(int(part) for part in platform.mac_ver()[0].split(".")[:1]) < (13,):
        return Failure("unsupported_platform", "The engine needs macOS 13 or newer.",
                       os="macOS " + platform.mac_ver()[0], arch=machine)
    return None


def missing_libraries():
    """Shared libraries that the wheel loads and does not bring along."""
    missing = []
    for name in ("libgomp.so.1", "libstdc++.so.6") if platform.system() == "Linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def wheel_failure(pythons, brought):
    """The first reason why the wheel cannot be used on a host whose platform it is built for, or None."""
    missing = cpu_facts()["missing"]
    if missing:
        return Failure("cpu_unsupported", "The processor of the host lacks %s, which the engine needs."
                       % ", ".join(missing), missing=",".join(missing))
    return engine_python_failure(pythons, configured_index(), brought) or libraries_failure()


def libraries_failure():
    libraries = missing_libraries()
    if libraries:
        return Failure("libgomp_missing", "The host lacks %s, which the engine needs." % ", ".join(libraries),
                       libraries=",".join(libraries), fix=libgomp_fix())
    return None
