"""Ollama: a server of our own from the host's program or its release archive, or the host's service.

Ollama asks for no key. Ours listens on 127.0.0.1 only and shares the user's folder of models.
"""

import contextlib
import os
import re
import shutil
import sys
import tarfile
import time
import urllib.parse

from slipway_host.checksum import check_hash
from slipway_host.engine.kinds import Plan
from slipway_host.engine.ollama_api import installed_model, own_server, pull, service_is_up
from slipway_host.engine.program import become, need_program
from slipway_host.fault import Failure, model_unsupported
from slipway_host.filesystem import os_failure, write_json
from slipway_host.guard import die_with_pipe
from slipway_host.model.download import Download
from slipway_host.model.plan import check_url
from slipway_host.params import bad_param, object_param, sha256_param, text_param
from slipway_host.probe.ollama import ollama_address, ollama_facts
from slipway_host.probe.program import find_program
from slipway_host.process import run_text

ARCHIVE_BYTES = 5 * 1000 ** 3


class OllamaPlan(Plan):
    def __init__(self, params, layout, model_plan):
        engine = object_param(params, "engine", {})
        if model_plan.format != "ollama":
            raise model_unsupported("Ollama", "models of its own library")
        self.layout = layout
        self.name = model_plan.name
        self.source = text_param(engine, "source", "auto")
        if self.source not in ("auto", "binary", "service", "archive"):
            raise bad_param("engine.source", "auto, binary, service or archive")
        facts = ollama_facts()
        if self.source == "auto":
            self.source = "binary" if facts["path"] else "service" if facts["serving"] else "archive"
        self.binary = text_param(engine, "binary") or facts["path"]
        self.version = facts["version"] or facts["serving"] or "unknown"
        if self.source == "service" and not facts["serving"]:
            raise Failure("engine_install_failed", "Ollama does not answer at %s." % facts["address"],
                          detail="no answer from " + facts["address"])
        if self.source == "binary" and not (self.binary and os.path.isabs(self.binary)
                                            and os.access(self.binary, os.X_OK)):
            raise Failure("engine_install_failed", "There is no ollama on the host.", detail="not found: ollama")
        if self.source == "archive":
            self.url, self.sha256 = check_url(engine.get("url")), sha256_param(engine)
            if self.sha256 is None:
                raise bad_param("engine.sha256", "the sum of the archive")
            self.home = os.path.join(layout.engines, "ollama-" + self.sha256[:12])
            self.binary = os.path.join(self.home, "bin", "ollama")
            if not os.access(self.binary, os.X_OK):
                self.needed_bytes, self.writes_programs = ARCHIVE_BYTES, True

    def carry_out(self):
        changed = self.writes_programs and not os.access(self.binary, os.X_OK)
        if changed:
            self.unpack()
        if self.source == "archive":
            match = re.search(r"version is (\S+)", run_text([self.binary, "--version"], 10)[1])
            self.version = match.group(1) if match else "unknown"
        host, port = ollama_address()
        if self.source == "service":
            pulled = pull(host, port, self.name)
            model = installed_model(host, port, self.name)
        else:
            with own_server(self.binary) as port:
                pulled = pull("127.0.0.1", port, self.name)
                model = installed_model("127.0.0.1", port, self.name)
        record = {"kind": "ollama", "source": self.source, "version": self.version, "python": None,
                  "binary": self.binary if self.source != "service" else None, "ollama_model": model, "seconds": 0.0}
        if self.source == "service":
            record.update(host=host, port=port)
        elif self.source == "archive":
            record["home"] = self.home
        return record, changed or pulled

    def unpack(self):
        """Fetches the release archive, checks its sum and unpacks it beside its final name."""
        self.layout.make(self.layout.engines)
        temporary = os.path.join(self.layout.engines, ".tmp-%d" % os.getpid())
        ending = ".tar.zst" if urllib.parse.urlsplit(self.url).path.endswith(".zst") else ".tgz"
        try:
            os.mkdir(temporary, 0o700)
            archive = os.path.join(temporary, "ollama" + ending)
            Download(self.url, archive + ".part", stage="engine", magic=None).run()
            check_hash(archive + ".part", self.sha256, "engine")
            home = os.path.join(temporary, "home")
            os.mkdir(home, 0o700)
            if ending == ".tgz":
                unpack_tar(archive + ".part", home)
            else:
                unpack_zst(archive + ".part", home)
            if not os.access(os.path.join(home, "bin", "ollama"), os.X_OK):
                raise Failure("engine_install_failed", "The archive holds no bin/ollama.", detail="no bin/ollama")
            write_json(os.path.join(home, "ok.json"), {"sha256": self.sha256})
            shutil.rmtree(self.home, ignore_errors=True)
            os.rename(home, self.home)
        except OSError as error:
            raise os_failure(error, self.layout.engines, ARCHIVE_BYTES) or error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


plan = OllamaPlan


def unpack_tar(archive, home):
    """Only files, folders and links that stay inside."""
    root = os.path.realpath(home)
    with tarfile.open(archive) as tar:
        for member in tar:
            target = os.path.realpath(os.path.join(home, member.name))
            link = os.path.join(os.path.dirname(target), member.linkname) if member.issym() else \
                os.path.join(home, member.linkname)
            outside = [path for path in [target] + ([link] if member.issym() or member.islnk() else [])
                       if os.path.commonpath([root, os.path.realpath(path)]) != root]
            if outside or not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                raise Failure("engine_install_failed", "The archive would write outside its folder.",
                              detail="refused: " + member.name)
            member.mode = (member.mode & 0o755) | (0o700 if member.isdir() else 0o600)
            tar.extract(member, home, set_attrs=not member.isdir())


def unpack_zst(archive, home):
    """Python reads zstd only from 3.14 on: the program of that name opens it first."""
    program = find_program("zstd")
    if not program:
        raise Failure("engine_install_failed", "The archive needs zstd, which the host lacks.", detail="no zstd")
    status, text = run_text([program, "-d", "-f", "-o", archive + ".tar", archive], 600)
    if status != 0:
        raise Failure("engine_install_failed", "The archive cannot be unpacked.", detail=text[-300:])
    unpack_tar(archive + ".tar", home)
    with contextlib.suppress(OSError):
        os.unlink(archive + ".tar")


def check(record):
    if record["source"] != "service":
        need_program(record.get("binary"))


def serve(params):
    manifest = params["manifest"]
    engine, settings = manifest["engine"], manifest["parameters"]
    if engine["source"] == "service":
        watch_service(params, engine)
        return
    become(params, [engine["binary"], "serve"], {
        "OLLAMA_HOST": "127.0.0.1:%d" % params["port"], "OLLAMA_KEEP_ALIVE": "-1",
        "OLLAMA_NUM_PARALLEL": str(settings["parallel"]), "OLLAMA_CONTEXT_LENGTH": str(settings["context_size"])})


def watch_service(params, engine):
    """The service is not ours to start or stop; this process lives as long as it answers."""
    if params["watch"] != "prctl":
        die_with_pipe(params["watch_fd"])
    misses = 0
    while misses < 5:
        misses = 0 if service_is_up(engine["host"], engine["port"]) else misses + 1
        time.sleep(2.0 if misses == 0 else 0.5)
    print("the Ollama service does not answer any more", flush=True)
    sys.exit(1)


def endpoints(record):
    return {"health": "/api/version", "load": "/api/ps", "metrics": None, "models": "/v1/models", "key": False}
