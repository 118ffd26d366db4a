"""Fetching a model from a hub: each file resumable, checked and under its name only when it is whole."""

import contextlib
import os

from slipway_host.checksum import file_sha256
from slipway_host.fault import Failure, hash_mismatch
from slipway_host.filesystem import disk_full, disk_space
from slipway_host.model.download import Download
from slipway_host.model.gguf import GgufReader
from slipway_host.model.hub import FILE, Hub
from slipway_host.model.hub_listing import parts_of, snapshot
from slipway_host.params import bad_param, text_param
from slipway_host.wire import OUT


class HubModel:
    """A file of a repository, or its safetensors (file is None)."""

    def __init__(self, params, layout):
        self.hub = Hub(params)
        self.file = text_param(params, "file")
        if self.file is not None and (not FILE.match(self.file) or not self.file.lower().endswith(".gguf")):
            raise bad_param("model.file", "the path of a GGUF file in the repository")
        self.layout = layout
        self.format = "safetensors" if self.file is None else "gguf"

    def folder(self, commit):
        return os.path.join(self.layout.models, "hub", "%s@%s" % (self.hub.repo.replace("/", "--"), commit[:12]))

    def fetch(self):
        """(path, commit, sha256 of a single file or None, whether anything was fetched)."""
        commit = self.hub.info()["commit"]
        listed = self.hub.files(commit)
        files = snapshot(listed) if self.file is None else parts_of(listed, self.file)
        if not files:
            raise Failure("model_file_not_found", "%s has no %s." % (self.hub.repo, self.file or "safetensors"),
                          repo=self.hub.repo, file=self.file or "*.safetensors")
        folder = self.folder(commit)
        places = [(file, os.path.join(folder, os.path.basename(file["path"]))) for file in files]
        missing = [(file, place) for file, place in places if not is_whole(place, file)]
        needed = sum(file["size"] for file, _ in missing)
        if disk_space(folder)["free_bytes"] < needed:
            raise disk_full(folder, needed)
        self.layout.make(self.layout.models, os.path.dirname(folder), folder)
        try:
            for number, (file, place) in enumerate(missing, 1):
                OUT.log("Fetching %s (%d of %d)." % (file["path"], number, len(missing)))
                self.fetch_file(commit, file, place)
        finally:
            for empty in (folder, os.path.dirname(folder)):
                with contextlib.suppress(OSError):
                    os.rmdir(empty)
        path = folder if self.file is None else places[0][1]
        return path, commit, files[0]["sha256"] if len(files) == 1 else None, bool(missing)

    def fetch_file(self, commit, file, place):
        gguf = place.lower().endswith(".gguf")
        download = Download(self.hub.address(commit, file["path"]), place + ".part", magic=b"GGUF" if gguf else None,
                            headers=self.hub.headers(), pinned=file["sha256"] is not None,
                            refused=lambda error: self.hub.refused(error, file["path"]))
        with download.settling(place):
            self.checked(download, file)
            if gguf:
                GgufReader(download.path).read()

    def checked(self, download, file):
        """Downloads and compares size and sum; what was resumed wrongly is fetched once more from the start."""
        for resumed in (download.have() > 0, False):
            download.run()
            size = download.have()
            digest = file_sha256(download.path, "verify_file") if file["sha256"] else None
            if size == file["size"] and digest == file["sha256"]:
                return
            download.forget()
            if not resumed:
                break
            OUT.log("The resumed file is not the expected one; fetching it anew.", "warn")
        raise hash_mismatch(file["path"], file["sha256"] or "%d bytes" % file["size"], digest or "%d bytes" % size)


def is_whole(place, file):
    """Only verified files get their final name, so that the size is enough."""
    try:
        return os.stat(place).st_size == file["size"]
    except OSError:
        return False
