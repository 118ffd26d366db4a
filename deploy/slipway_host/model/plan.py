"""Where the model comes from."""

import contextlib
import hashlib
import os
import re
import urllib.parse

from slipway_host.checksum import check_hash, file_sha256
from slipway_host.fault import Failure, hash_mismatch
from slipway_host.filesystem import os_failure
from slipway_host.http_source import hide_credentials
from slipway_host.model.download import Download
from slipway_host.model.gguf import GgufReader, gguf_facts, model_label
from slipway_host.model.hub_download import HubModel
from slipway_host.model.safetensors import folder_marks, safetensors_facts
from slipway_host.params import bad_param, object_param, sha256_param, text_param
from slipway_host.wire import OUT

OLLAMA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,3}(:[A-Za-z0-9][A-Za-z0-9._-]{0,127})?\Z")

LONGEST_URL = 8192


class ModelPlan:
    """Decides where the model comes from and checks, before anything is written, what it can."""

    def __init__(self, params, layout, known):
        self.model = object_param(params, "model", {"kind": "practice"})
        self.layout = layout
        self.known = known
        self.kind = self.model.get("kind")
        self.sha256 = sha256_param(self.model)
        self.url = None
        # What kind of file it will be: gguf, safetensors or ollama; decides which engines serve it.
        self.format = "gguf"
        if self.kind == "practice":
            self.path = os.path.join(layout.models, "practice.gguf")
        elif self.kind in ("path", "uploaded"):
            self.path = text_param(self.model, "path")
            if self.path is None:
                raise bad_param("model.path", "the path of a file")
            self.path = os.path.normpath(os.path.expanduser(self.path))
            if not os.path.isabs(self.path):
                raise Failure("model_not_found", "The model path %s is not absolute." % self.path, path=self.path)
            if self.kind == "path" and os.path.isfile(os.path.join(self.path, "config.json")):
                self.format = "safetensors"
        elif self.kind == "url":
            self.url = check_url(self.model.get("url"))
            name = os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(self.url).path))
            name = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-120:] or "model"
            folder = hashlib.sha256(self.url.encode("utf-8")).hexdigest()[:8]
            name = name if name.lower().endswith(".gguf") else name + ".gguf"
            self.path = os.path.join(layout.models, folder, name)
            if self.sha256:
                # Another file came to the same address, and a version still needs the one before.
                beside = os.path.join(layout.models, "%s-%s" % (folder, self.sha256[:8]), name)
                if os.path.exists(beside) or any(record.get("path") == self.path and record.get("sha256") != self.sha256
                                                 for record in known if os.path.exists(self.path)):
                    self.path = beside
        elif self.kind == "ollama":
            self.format, self.path, self.name = "ollama", None, text_param(self.model, "name")
            if not self.name or not OLLAMA_NAME.match(self.name):
                raise bad_param("model.name", "a name as in `ollama pull NAME`")
        elif self.kind == "huggingface":
            self.hub = HubModel(self.model, layout)
            self.format, self.path = self.hub.format, None
        else:
            raise bad_param("model.kind", "practice, path, uploaded, url, huggingface or ollama")

    def unchanged(self):
        """The record of an earlier install if the same file is still there, untouched."""
        return next((record for record in self.known if self.is_same(record)), None)

    def is_same(self, record):
        if record.get("kind") != self.kind:
            return False
        path = self.path
        if self.kind == "huggingface":
            asked = [self.hub.hub.repo, self.hub.hub.revision, self.hub.file]
            if [record.get(key) for key in ("repo", "revision", "file")] != asked:
                return False
            path = record.get("path")
        elif record.get("path") != path:
            return False
        if path is None:
            return False
        expected = practice_model().SHA256 if self.kind == "practice" else self.sha256
        if expected and record.get("sha256") != expected:
            return False
        try:
            found = os.stat(path)
        except OSError:
            return False
        if self.format == "safetensors":
            return not self.sha256 and folder_marks(path) == (record.get("bytes"), record.get("mtime_ns"))
        return found.st_size == record.get("bytes") and found.st_mtime_ns == record.get("mtime_ns")

    def check(self):
        """What can be known about the model without the network; raises a Failure."""
        if self.kind in ("path", "uploaded") and not self.unchanged():
            (safetensors_facts if self.format == "safetensors" else gguf_facts)(self.path)

    def discard_upload(self):
        """Removes an upload that is no model; a file elsewhere is the user's own."""
        if self.kind == "uploaded" and is_upload_place(self.layout, self.path):
            with contextlib.suppress(OSError):
                os.unlink(self.path)
                os.rmdir(os.path.dirname(self.path))

    def needed_bytes(self):
        return 2500 * 1000 if self.kind == "practice" and not self.unchanged() else 0

    def carry_out(self):
        """(model record, whether a file was made or fetched)."""
        record = self.unchanged()
        if record:
            return record, False
        if self.format == "ollama":
            # The engine fetches it; see engine/ollama.py.
            return {"kind": "ollama", "name": self.name, "label": self.name, "path": None, "bytes": None,
                    "mtime_ns": None, "sha256": None, "architecture": None, "context_train": None,
                    "practice": False, "format": "ollama"}, False
        fetched = False
        digest = None
        origin = {}
        if self.kind == "huggingface":
            self.path, commit, digest, fetched = self.hub.fetch()
            origin = {"repo": self.hub.hub.repo, "revision": self.hub.hub.revision, "file": self.hub.file,
                      "commit": commit}
        if self.format == "safetensors":
            return dict(self.folder_record(), **origin), fetched
        if self.kind == "practice":
            digest, fetched = self.write_practice(), True
        elif self.kind == "url":
            digest, fetched = self.fetch()
        elif self.sha256 and self.kind != "huggingface":
            digest = file_sha256(self.path, "verify_file")
        if self.sha256 and digest != self.sha256:
            self.discard_upload()
            raise hash_mismatch("model", self.sha256, digest)
        facts = gguf_facts(self.path)
        found = os.stat(self.path)
        practice = self.kind == "practice" or facts["name"] == "Slipway practice model"
        record = {"kind": self.kind, "name": facts["name"] or model_label(self.path),
                  "label": "practice" if self.kind == "practice" else model_label(self.path),
                  "path": self.path, "bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "sha256": digest,
                  "architecture": facts["architecture"], "context_train": facts["context_train"],
                  "practice": practice, "format": "gguf", "shape": facts["shape"]}
        record.update(origin)
        if self.url:
            record["url"] = hide_credentials(self.url)
        return record, fetched

    def folder_record(self):
        facts = safetensors_facts(self.path)
        size, changed = folder_marks(self.path)
        label = self.hub.hub.repo.partition("/")[2] if self.kind == "huggingface" else model_label(self.path)
        return {"kind": self.kind, "name": facts["name"] or label, "label": label, "path": self.path, "bytes": size,
                "mtime_ns": changed, "sha256": None, "architecture": facts["architecture"],
                "context_train": facts["context_train"], "practice": False, "format": "safetensors",
                "shape": facts["shape"]}

    def write_practice(self):
        self.layout.make(self.layout.models)
        recipe = practice_model()
        try:
            size = recipe.write(self.path)
        except OSError as error:
            raise os_failure(error, self.path, self.needed_bytes()) or error
        check_hash(self.path, recipe.SHA256, "practice model")
        OUT.progress("model", "practice", size, size, force=True)
        return recipe.SHA256

    def fetch(self):
        """Downloads to a .part file, checks it and renames it; (sha256, True)."""
        folder = os.path.dirname(self.path)
        self.layout.make(self.layout.models, folder)
        if os.path.exists(self.path):
            # Only verified files get their final name; the last manifest was lost, not the file.
            digest = file_sha256(self.path, "verify_file")
            if not self.sha256 or digest == self.sha256:
                return digest, False
            os.unlink(self.path)
        download = Download(self.url, self.path + ".part")
        try:
            with download.settling(self.path):
                download.run()
                digest = file_sha256(download.path, "verify_file")
                if self.sha256 and digest != self.sha256:
                    raise hash_mismatch("model", self.sha256, digest)
                try:
                    GgufReader(download.path).read()
                except Failure as error:
                    raise Failure(error.code, str(error).replace(".part", ""),
                                  **dict(error.params, path=hide_credentials(self.url)))
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return digest, True


def is_upload_place(layout, path):
    """Whether an upload goes there: models/NAME, or models/FIRST_16_DIGITS_OF_SHA256/NAME."""
    above, folder = os.path.split(os.path.dirname(path))
    below = above == layout.models and re.match(r"[0-9a-f]{16}\Z", folder)
    return layout.holds(path) and bool(below or os.path.dirname(path) == layout.models)


def practice_model():
    """The module that writes the practice model; few runs need it."""
    import practice_model as module
    return module


def check_url(url):
    """The address if it is one that can be fetched."""
    shown = hide_credentials(url) if isinstance(url, str) else str(url)
    failure = Failure("model_url_invalid", "%s is not an address that a model can be fetched from." % shown, url=shown)
    try:
        parts = urllib.parse.urlsplit(url)
        # A password in an address would end up in logs and parameter files.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise failure
        if re.search(r"[\x00-\x20\x7f]", url) or len(url) > LONGEST_URL:
            raise failure
        url.encode("utf-8")
        parts.port
    except (ValueError, TypeError, AttributeError):
        raise failure
    return url
