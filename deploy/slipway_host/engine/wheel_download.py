"""Fetching the wheel through the host's pip or from its package index."""

import contextlib
import glob
import html.parser
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.parse

from slipway_host.checksum import check_hash
from slipway_host.engine.pins import ENGINE_DISK_BYTES, ENGINE_VERSION, PACKAGE, this_wheel
from slipway_host.fault import Failure, hash_mismatch
from slipway_host.filesystem import disk_full, disk_space, tree_bytes
from slipway_host.http_source import open_url
from slipway_host.probe.package_index import configured_index, no_index
from slipway_host.probe.python import ENGINE_PYTHON, engine_python_failure, pip_commands
from slipway_host.wire import OUT

# With less than this free nothing can be written.
FULL_BYTES = 1000 * 1000


def fetch_wheel(folder, python, pythons):
    """Downloads the pinned wheel through the host's pip, or from the configured index; its path."""
    name, _, expected, size = this_wheel()
    failure = None
    for command, own in pip_commands(pythons, python):
        os.makedirs(folder)
        OUT.log("Fetching the engine with %s." % " ".join(command))
        try:
            download_with_pip(command, own, folder)
        except Failure as error:
            if error.code in ("hash_mismatch", "disk_full", "no_index_reachable"):
                raise
            OUT.log("%s could not fetch the engine: %s" % (" ".join(command), error.params["detail"]), "warn")
            failure = error
            shutil.rmtree(folder)
            continue
        found = glob.glob(os.path.join(folder, PACKAGE + "-*.whl"))
        if found:
            check_hash(found[0], expected, "engine")
            OUT.progress("engine", name, size, size, force=True)
            return found[0]
        failure = Failure("engine_install_failed", "pip fetched nothing.", detail="no wheel in the download folder")
        shutil.rmtree(folder)
    index = configured_index()
    if index is None:
        raise failure or engine_python_failure(pythons, None)
    os.makedirs(folder)
    OUT.log("Fetching the engine from the configured package index.")
    return download_from_index(index, os.path.join(folder, name), expected, size)


def download_with_pip(command, own, folder):
    """`pip download` with hashes; the bytes in its temporary folder are the progress."""
    name, tag, expected, size = this_wheel()
    requirements = os.path.join(folder, "requirements.txt")
    with open(requirements, "w") as out:
        out.write("%s==%s --hash=sha256:%s\n" % (PACKAGE, ENGINE_VERSION, expected))
    arguments = ["download", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-deps",
                 "--only-binary=:all:", "--require-hashes", "--retries", "2", "--timeout", "15",
                 "--progress-bar", "off", "-d", folder, "-r", requirements]
    if not own:
        arguments += ["--platform", tag, "--implementation", "cp", "--abi", "abi3",
                      "--python-version", "".join(str(part) for part in ENGINE_PYTHON)]
    environment = dict(os.environ, TMPDIR=folder, PIP_REQUIRE_VIRTUALENV="0", PYTHONDONTWRITEBYTECODE="1",
                       PYTHONWARNINGS="ignore", LC_ALL="C.UTF-8")
    output = os.path.join(folder, "pip.log")
    with open(output, "wb") as log:
        process = subprocess.Popen(command + arguments, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, env=environment, cwd=folder,
                                   start_new_session=True)
        try:
            while process.poll() is None:
                OUT.progress("engine", name, min(size, tree_bytes(folder)), size)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode != 0:
        with open(output, encoding="utf-8", errors="replace") as log:
            raise pip_failure(log.read(), expected, folder)


def pip_failure(text, expected, folder):
    """Understands why pip failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    detail = "\n".join([line for line in lines if "ERROR" in line or "error" in line][-5:] or lines[-5:])
    got = re.search(r"Got\s+([0-9a-f]{64})", text)
    if "DO NOT MATCH THE HASHES" in text or got:
        return hash_mismatch("engine", expected, got.group(1) if got else "")
    # On a disk that is full pip cannot even say so: its words go to a file there.
    if ("No space left on device" in text or "Disk quota exceeded" in text
            or disk_space(folder)["free_bytes"] < FULL_BYTES):
        return disk_full(folder, ENGINE_DISK_BYTES)
    if re.search(r"NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|ProxyError|SSLError|NameResolution"
                 r"|connection broken|ConnectionResetError|Could not fetch URL|timed out", text):
        reason = [line for line in lines if "rror" in line]
        return no_index(reason[0] if reason else detail)
    return Failure("engine_install_failed", "The engine could not be installed: %s" % (detail or "pip failed"),
                   detail=detail or "pip failed without a word")


class LinkParser(html.parser.HTMLParser):
    """Collects the links of an index page."""

    def __init__(self):
        html.parser.HTMLParser.__init__(self)
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links += [value for key, value in attrs if key == "href" and value]


def download_from_index(index, path, expected, size):
    """The wheel from a simple index page, for hosts without any pip."""
    name = os.path.basename(path)
    page_address = index.rstrip("/") + "/" + PACKAGE + "/"
    try:
        with open_url(page_address, {}) as page:
            parser = LinkParser()
            parser.feed(page.read(8 * 1024 * 1024).decode("utf-8", "replace"))
            base = page.geturl()
        links = [link for link in parser.links
                 if urllib.parse.unquote(urllib.parse.urlsplit(link).path).endswith("/" + name)
                 or urllib.parse.unquote(link.split("#")[0]) == name]
        if not links:
            raise Failure("engine_install_failed", "The package index does not offer %s." % name,
                          detail="not on the index page: " + name)
        with open_url(urllib.parse.urljoin(base, links[0].split("#")[0]), {}) as source, open(path, "wb") as out:
            done = 0
            while True:
                block = source.read(256 * 1024)
                if not block:
                    break
                out.write(block)
                done += len(block)
                OUT.progress("engine", name, done, size)
    except (urllib.error.URLError, http.client.HTTPException, socket.timeout, ConnectionError, ssl.SSLError) as error:
        raise no_index(str(getattr(error, "reason", error)))
    check_hash(path, expected, "engine")
    return path
