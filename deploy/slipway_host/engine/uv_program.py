"""The program uv: of the host, out of a brought package, or from the package index."""

import glob
import os
import re
import shutil
import zipfile

from slipway_host.engine.wheel_download import pip_failure
from slipway_host.fault import Failure
from slipway_host.probe.python import find_pythons
from slipway_host.process import run_text


def uv_packages(folder):
    """The packages of uv in a folder, for whatever system."""
    return sorted(glob.glob(os.path.join(glob.escape(folder), "uv-*.whl")), reverse=True)


def unpack_uv(package, folder):
    """The program out of its package; its path, or None if there is none in it."""
    with zipfile.ZipFile(package) as archive:
        names = [name for name in archive.namelist() if re.match(r"uv-[^/]*\.data/scripts/uv\Z", name)]
        if not names:
            return None
        target = os.path.join(folder, "uv")
        with archive.open(names[0]) as source, open(target, "wb") as out:
            shutil.copyfileobj(source, out)
        os.chmod(target, 0o700)
        return target


def brought_uv(wheels, folder):
    """uv out of the first brought package that runs on this host; its path."""
    os.makedirs(folder)
    detail = "no package"
    for package in uv_packages(wheels):
        try:
            program = unpack_uv(package, folder)
        except (zipfile.BadZipFile, EOFError) as error:
            detail = "%s: %s" % (os.path.basename(package), error)
            continue
        status, text = run_text([program, "--version"], 10) if program else (None, "no uv in it")
        if status == 0:
            return program
        detail = "%s: %s" % (os.path.basename(package), text.strip()[-300:])
    raise Failure("engine_install_failed", "None of the brought packages of uv runs on the host.", detail=detail)


def fetch_uv(folder, brought_python):
    """uv from the package index, through any pip of the host; its path."""
    os.makedirs(folder)
    failure = Failure("engine_install_failed", "There is neither uv nor a pip that could fetch it.", detail="no pip")
    for facts in find_pythons(brought=brought_python):
        if not facts["pip"]:
            continue
        status, text = run_text([facts["path"], "-m", "pip", "download", "--no-input", "--disable-pip-version-check",
                                 "--no-cache-dir", "--no-deps", "--only-binary=:all:", "-d", folder, "uv"], 300)
        found = uv_packages(folder)
        if status != 0 or not found:
            failure = pip_failure(text, "", folder)
            continue
        program = unpack_uv(found[0], folder)
        if program:
            return program
    raise failure
