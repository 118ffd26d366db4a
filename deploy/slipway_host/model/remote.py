"""The shape of a model that is not on the host: its header is read by ranges, its weights are not."""

import http.client
import json
import os
import re
import socket
import urllib.error

from slipway_host.fault import Failure
from slipway_host.http_source import hide_credentials, open_url
from slipway_host.model.gguf import GgufReader, gguf_facts_of
from slipway_host.model.hub_download import HubModel
from slipway_host.model.hub_listing import parts_of, snapshot
from slipway_host.model.plan import check_url
from slipway_host.model.safetensors import quantisation_of
from slipway_host.model.shape import config_shape
from slipway_host.wire import OUT

BLOCK = 2 * 1024 * 1024
# The header of a GGUF file is its vocabulary for the most part: some ten megabytes at worst.
LONGEST_HEADER = 64 * 1024 * 1024
LONGEST_CONFIG = 4 * 1024 * 1024


class RemoteFile:
    """A file over HTTP as the reader of headers needs it: read, seek ahead, tell."""

    def __init__(self, url, headers, refused=lambda error: None):
        self.url, self.headers, self.refused = url, headers, refused
        self.size = None
        self.block = b""
        self.start = self.place = 0
        self.fetch()

    def fetch(self):
        """The block at the place."""
        if self.place > LONGEST_HEADER:
            raise Failure("model_not_gguf", "%s has a header without an end." % self.shown(), path=self.shown())
        OUT.check()
        headers = dict(self.headers, Range="bytes=%d-%d" % (self.place, self.place + BLOCK - 1))
        try:
            with open_url(self.url, headers) as answer:
                span = re.match(r"bytes (\d+)-\d+/(\d+)\Z", answer.headers.get("Content-Range", "").strip())
                if answer.status == 206 and span and int(span.group(1)) == self.place:
                    self.size = int(span.group(2))
                elif answer.status == 200 and self.place == 0:
                    # A server without ranges gives all; what follows the first block is left unread.
                    length = answer.headers.get("Content-Length", "")
                    self.size = int(length) if length.isdigit() else None
                else:
                    raise self.unreachable("the server gives no parts of files")
                self.block, self.start = answer.read(BLOCK), self.place
        except urllib.error.HTTPError as error:
            with error:
                raise self.refused(error) or self.unreachable("HTTP status %d %s" % (error.code, error.reason))
        except urllib.error.URLError as error:
            raise self.unreachable(str(error.reason))
        except (http.client.HTTPException, ConnectionError, socket.timeout) as error:
            raise self.unreachable("%s: %s" % (type(error).__name__, error))

    def shown(self):
        return hide_credentials(self.url)

    def unreachable(self, detail):
        return Failure("model_unreachable", "The model cannot be read at %s: %s." % (self.shown(), detail),
                       url=self.shown(), detail=detail)

    def read(self, count):
        data = b""
        while len(data) < count and (self.size is None or self.place < self.size):
            offset = self.place - self.start
            if not 0 <= offset < len(self.block):
                self.fetch()
                offset = 0
                if not self.block:
                    break
            piece = self.block[offset:offset + count - len(data)]
            data += piece
            self.place += len(piece)
        return data

    def seek(self, count, whence):
        """Ahead only, from where it stands: what a reader of headers does."""
        if whence != os.SEEK_CUR or count < 0:
            raise ValueError("a remote file is read forwards")
        self.place += count

    def tell(self):
        return self.place


def remote_facts(model, layout):
    """{name, architecture, context_train, shape} of a huggingface or url model."""
    if model.get("kind") == "url":
        url = check_url(model.get("url"))
        return gguf_of(url, [RemoteFile(url, {})])
    wanted = HubModel(model, layout)
    hub = wanted.hub
    commit = hub.info()["commit"]
    listed = hub.files(commit)
    files = parts_of(listed, wanted.file) if wanted.file else snapshot(listed)
    if not files:
        raise Failure("model_file_not_found", "%s has no %s." % (hub.repo, wanted.file or "safetensors"),
                      repo=hub.repo, file=wanted.file or "*.safetensors")

    def opened(file):
        return RemoteFile(hub.address(commit, file["path"]), hub.headers(),
                          lambda error: hub.refused(error, file["path"]))

    if wanted.file:
        return gguf_of(wanted.file, [opened(file) for file in files])
    weights = sum(file["size"] for file in files if file["path"].endswith(".safetensors"))
    return folder_of(opened([file for file in files if file["path"] == "config.json"][0]), weights, hub.repo)


def gguf_of(path, sources):
    return gguf_facts_of([GgufReader(path).read_from(source, source.size or LONGEST_HEADER) for source in sources])


def folder_of(source, weights, name):
    try:
        config = json.loads(source.read(LONGEST_CONFIG).decode("utf-8"))
        text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
        context = text.get("max_position_embeddings") or text.get("n_positions")
        architectures = config.get("architectures") or [config.get("model_type")]
        return {"name": name, "architecture": str(architectures[0]),
                "context_train": context if isinstance(context, int) else None,
                "shape": config_shape(config, weights, None, quantisation_of(config))}
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError):
        raise Failure("model_not_safetensors", "The config.json of %s is none." % name, path=name)
