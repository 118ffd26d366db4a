"""A resumable download of one file."""

import contextlib
import http.client
import os
import re
import socket
import ssl
import time
import urllib.error

from slipway_host.fault import Cancelled, Failure
from slipway_host.filesystem import disk_full, disk_space, os_failure, read_json, write_json
from slipway_host.http_source import hide_credentials, open_url
from slipway_host.units import size_text
from slipway_host.wire import OUT


class Download:
    """One file over HTTP, into a .part file that a later run resumes if the server's file is the same."""

    ATTEMPTS = 5
    # An address that never gave a byte is more likely wrong than busy.
    ATTEMPTS_AT_FIRST = 2

    def __init__(self, url, path, stage="model", magic=b"GGUF", headers=None, pinned=False,
                 refused=lambda error: None):
        self.url = url
        self.path = path
        self.notes = path + ".json"
        self.shown = hide_credentials(url)
        self.total = None
        self.stage = stage
        # What the file begins with; None for any.
        self.magic = magic
        self.headers = headers or {}
        # Whether the sum of the file is known: then a part needs nothing else that identifies it.
        self.pinned = pinned
        # What an HTTPError means beside its status: a Failure or None.
        self.refused = refused

    def forget(self):
        for path in (self.path, self.notes):
            with contextlib.suppress(OSError):
                os.unlink(path)

    @contextlib.contextmanager
    def settling(self, place):
        """Puts what was fetched and checked inside at its place. After a failure a partial file is kept if the
        next run can resume it, else nothing is."""
        keep = False
        try:
            yield
            os.replace(self.path, place)
            self.forget()
            keep = True
        except Cancelled as cancelled:
            keep = cancelled.resume
            raise
        except Failure as failure:
            keep = failure.code == "model_unreachable"
            raise
        except OSError as error:
            raise os_failure(error, place, self.total or 0) or error
        finally:
            if not keep or not self.have():
                self.forget()

    def have(self):
        try:
            return os.stat(self.path).st_size
        except OSError:
            return 0

    def run(self):
        failures = 0
        while True:
            before = self.have()
            try:
                if self.attempt():
                    return
                detail = "the connection was cut after %s" % size_text(self.have())
            except urllib.error.HTTPError as error:
                error.close()
                failure = self.refused(error)
                if failure:
                    raise failure
                if error.code == 416:
                    self.forget()
                elif error.code < 500 and error.code not in (408, 429):
                    raise self.unreachable("HTTP status %d %s" % (error.code, error.reason))
                detail = "HTTP status %d %s" % (error.code, error.reason)
            except urllib.error.URLError as error:
                if isinstance(error.reason, ssl.SSLCertVerificationError):
                    raise self.unreachable("the certificate is not trusted: %s" % error.reason)
                detail = str(error.reason)
            except (http.client.HTTPException, ConnectionError, socket.timeout, ssl.SSLError) as error:
                detail = "%s: %s" % (type(error).__name__, error)
            except OSError as error:
                failure = os_failure(error, self.path, self.total or 0)
                if failure:
                    raise failure
                detail = str(error)
            failures = 1 if self.have() > before else failures + 1
            if failures >= (self.ATTEMPTS if self.have() else self.ATTEMPTS_AT_FIRST):
                raise self.unreachable(detail)
            OUT.log("The download was interrupted (%s); trying again." % detail, "warn")
            end = time.monotonic() + min(8.0, 0.25 * 2 ** failures)
            while time.monotonic() < end:
                OUT.check()
                time.sleep(0.05)

    def unreachable(self, detail):
        return Failure("model_unreachable", "The model cannot be fetched from %s: %s." % (self.shown, detail),
                       url=self.shown, detail=detail)

    def attempt(self):
        """One request. True when the file is complete."""
        notes = read_json(self.notes) or {}
        have = self.have()
        # Without something that identifies the file, its second half may belong to another one.
        validator = notes.get("validator") if notes.get("url") == self.shown else None
        if have and not validator and not self.pinned:
            self.forget()
            have = 0
        if have and have == notes.get("total"):
            # Complete, but the last run was ended before the check.
            return True
        headers = dict(self.headers)
        if have:
            headers["Range"] = "bytes=%d-" % have
            if not self.pinned:
                headers["If-Range"] = validator
        with open_url(self.url, headers) as answer:
            length = answer.headers.get("Content-Length")
            length = int(length) if length and length.isdigit() else None
            resumed = answer.status == 206 and have > 0
            if resumed:
                span = re.match(r"bytes (\d+)-\d+/(\d+|\*)\Z", answer.headers.get("Content-Range", "").strip())
                if not span or int(span.group(1)) != have:
                    self.forget()
                    return False
                OUT.log("Resuming the download at %s." % size_text(have))
                self.total = int(span.group(2)) if span.group(2) != "*" else None
            else:
                have = 0
                self.total = length
                etag = answer.headers.get("ETag", "")
                mark = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")
                write_json(self.notes, {"url": self.shown, "validator": mark, "total": length})
            if self.total is not None:
                self.check_space(self.total - have)
            with open(self.path, "ab" if resumed else "wb") as out:
                return self.copy(answer, out, have)

    def check_space(self, needed):
        if disk_space(self.path)["free_bytes"] < needed:
            raise disk_full(os.path.dirname(self.path), needed)

    def copy(self, answer, out, done):
        name = os.path.basename(self.path)[:-len(".part")]
        while True:
            block = answer.read1(256 * 1024)
            if not block:
                break
            if done == 0 and self.magic and not block.startswith(self.magic[:len(block)]):
                # Most often a web page: found after the first bytes, not after gigabytes.
                self.forget()
                raise Failure("model_not_gguf", "%s is not a GGUF model file." % self.shown, path=self.shown)
            out.write(block)
            done += len(block)
            OUT.progress(self.stage, name, done, self.total)
        if self.total is not None and done < self.total:
            return False
        OUT.progress(self.stage, name, done, self.total, force=True)
        return True
