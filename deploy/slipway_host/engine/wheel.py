"""Installing the engine's wheel in a directory of its own."""

import glob
import os
import shutil
import signal
import time
import zipfile

from slipway_host.engine.pins import ENGINE_DISK_BYTES, ENGINE_VERSION, this_wheel
from slipway_host.engine.wheel_download import fetch_wheel
from slipway_host.fault import Failure
from slipway_host.filesystem import disk_full, os_failure, read_json, write_json
from slipway_host.probe.system import libc_text, libgomp_fix
from slipway_host.process import run_text
from slipway_host.units import utc_text, version_text
from slipway_host.wire import OUT


def installed_engine(layout):
    """{python, site, version, sha256} of a complete engine directory that still works, or None."""
    found = read_json(os.path.join(layout.engine, "ok.json"))
    if not found or found.get("version") != ENGINE_VERSION:
        return None
    # An update of the system may take away the interpreter that the engine was made with.
    python = found.get("python")
    if not isinstance(python, str) or not os.access(python, os.X_OK):
        return None
    if os.path.realpath(python) != found.get("python_realpath") or not os.path.isdir(str(found.get("site"))):
        return None
    return found


def wheel_engine(found, seconds):
    return {"kind": "llama_cpp", "source": "wheel", "version": ENGINE_VERSION, "python": found["python"],
            "site": found["site"], "sha256": found["sha256"], "seconds": round(seconds, 3)}


def install_wheel(layout, python, pythons, brought):
    """Makes the engine directory under a temporary name and renames it once the engine imports.

    The wheel is the brought one, or is fetched.
    """
    layout.make(layout.engines)
    temporary = os.path.join(layout.engines, ".tmp-%d" % os.getpid())
    try:
        os.mkdir(temporary, 0o700)
        home = os.path.join(temporary, "home")
        OUT.log("Making a virtual environment with %s (Python %s)." % (python["path"], version_text(python["version"])))
        site = make_environment(python, home)
        download = os.path.join(temporary, "download")
        wheel = brought or fetch_wheel(download, python, pythons)
        OUT.log("The engine's sha256 is right. Unpacking it.")
        unpack_wheel(wheel, site)
        shutil.rmtree(download, ignore_errors=True)
        # A virtual environment moves well as long as its interpreter is called by path.
        final_python = os.path.join(home, "bin", "python")
        if not os.path.exists(final_python):
            final_python = python["path"]
        test_import(final_python, site)
        write_json(os.path.join(home, "ok.json"), {
            "version": ENGINE_VERSION, "python": final_python.replace(home, layout.engine, 1),
            "site": site.replace(home, layout.engine, 1), "python_realpath": os.path.realpath(final_python),
            "sha256": this_wheel()[2], "created_at": utc_text(time.time())})
        if os.path.lexists(layout.engine):
            os.rename(layout.engine, os.path.join(temporary, "old"))
        os.rename(home, layout.engine)
    except OSError as error:
        raise os_failure(error, layout.engines, ENGINE_DISK_BYTES) or error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_environment(python, home):
    """A virtual environment in home, or a bare folder for a Python without venv; its package folder."""
    if python["venv"]:
        # Without pip: that needs no ensurepip, is fast, and pip is not needed inside.
        status, text = run_text([python["path"], "-m", "venv", "--without-pip", home], 60)
        packages = glob.glob(os.path.join(home, "lib", "python3*", "site-packages"))
        if status == 0 and packages:
            return packages[0]
        if "No space left" in text:
            raise disk_full(home, ENGINE_DISK_BYTES)
        OUT.log("%s -m venv failed, using a plain folder: %s" % (python["path"], text.strip()[-300:]), "warn")
        shutil.rmtree(home, ignore_errors=True)
    site = os.path.join(home, "site")
    os.makedirs(site, mode=0o700)
    return site


def unpack_wheel(wheel, site):
    """Unpacks the (already verified) wheel; it is pure packages, so this is all that pip would do."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            OUT.check()
            archive.extract(entry, site)


def test_import(python, site):
    """Imports the engine as it will be run; names the usual reasons for a failure."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import xllamacpp; xllamacpp.CommonParams()"
    status, text = run_text([python, "-I", "-B", "-c", code, site], 60)
    if status == 0:
        return
    detail = text.strip()[-500:] or "exit status %s" % status
    if "libgomp" in detail or "libstdc++.so.6: cannot open" in detail:
        raise Failure("libgomp_missing", "The host lacks libgomp, which the engine needs.", fix=libgomp_fix())
    if "GLIBC_" in detail:
        raise Failure("glibc_too_old", "The C library of the host is too old for the engine.",
                      found=libc_text(), needed=detail)
    if "failed to map segment" in detail:
        raise Failure("noexec", "%s is on a file system where programs may not run." % site, path=site)
    if status == -signal.SIGILL:
        raise Failure("cpu_unsupported", "The processor of the host lacks instructions that the engine needs.",
                      missing="unknown")
    raise Failure("engine_install_failed", "The engine was fetched but does not load.", detail=detail)
