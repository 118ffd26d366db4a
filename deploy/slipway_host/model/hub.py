"""Hugging Face's interface, or a mirror's that speaks it: what a repository holds, and why it refuses.

GET BASE/api/models/REPO/revision/REVISION          commit (sha), gated, private
GET BASE/api/models/REPO/tree/COMMIT?recursive=true pages of {type, path, size, lfs{oid: sha256, size}}
GET BASE/REPO/resolve/COMMIT/FILE                   redirects to the file
"""

import http.client
import json
import os
import re
import socket
import stat
import sys
import urllib.error
import urllib.parse

from slipway_host.fault import Failure
from slipway_host.http_source import hide_credentials, open_url, origin
from slipway_host.params import bad_param, text_param

DEFAULT_BASE = "https://huggingface.co"
REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}\Z")
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}\Z")
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+ -]{0,200}(/[A-Za-z0-9_][A-Za-z0-9._+ -]{0,200}){0,4}\Z")
LONGEST_PAGE = 32 * 1024 * 1024
MOST_PAGES = 50


class Hub:
    """One repository at one revision."""

    def __init__(self, params):
        self.base = check_base(text_param(params, "base_url", os.environ.get("HF_ENDPOINT") or DEFAULT_BASE))
        self.repo = text_param(params, "repo")
        if not self.repo or not REPO.match(self.repo) or ".." in self.repo:
            raise bad_param("repo", "OWNER/NAME")
        self.revision = text_param(params, "revision", "main")
        if not REVISION.match(self.revision) or ".." in self.revision:
            raise bad_param("revision", "a branch, tag or commit")
        self.token = read_token(text_param(params, "token_file")) or given_token()

    def headers(self):
        return {"Authorization": "Bearer " + self.token} if self.token else {}

    def address(self, commit, path):
        return "%s/%s/resolve/%s/%s" % (self.base, self.repo, urllib.parse.quote(commit, safe=""),
                                        urllib.parse.quote(path))

    def info(self):
        """{commit, gated, private}."""
        found, _ = self.get("%s/api/models/%s/revision/%s" % (self.base, self.repo,
                                                              urllib.parse.quote(self.revision, safe="")))
        commit = found.get("sha") if isinstance(found, dict) else None
        if not isinstance(commit, str) or not re.match(r"[0-9a-f]{7,64}\Z", commit):
            raise self.unreachable("an answer without a commit")
        return {"commit": commit, "gated": bool(found.get("gated")), "private": bool(found.get("private"))}

    def files(self, commit):
        """[{path, size, sha256 or None}] of the repository; names that would lie elsewhere are left out."""
        address = "%s/api/models/%s/tree/%s?recursive=true" % (self.base, self.repo, commit)
        found = []
        for _ in range(MOST_PAGES):
            page, following = self.get(address)
            for entry in page if isinstance(page, list) else ():
                file = file_entry(entry)
                if file:
                    found.append(file)
            if not following:
                return found
            address = urllib.parse.urljoin(address, following)
            if origin(address) != origin(self.base):
                raise self.unreachable("the next page is on another server")
        return found

    def get(self, address):
        """(JSON, address of the next page or None)."""
        try:
            with open_url(address, self.headers()) as answer:
                data = answer.read(LONGEST_PAGE + 1)
                link = re.search(r'<([^>]+)>\s*;\s*rel="?next"?', answer.headers.get("Link") or "")
            if len(data) > LONGEST_PAGE:
                raise self.unreachable("an answer that is too long")
            return json.loads(data.decode("utf-8")), link.group(1) if link else None
        except urllib.error.HTTPError as error:
            with error:
                raise self.refused(error, None) or self.unreachable("HTTP status %d %s" % (error.code, error.reason))
        except urllib.error.URLError as error:
            raise self.unreachable(str(error.reason))
        except (http.client.HTTPException, ConnectionError, socket.timeout, ValueError) as error:
            raise self.unreachable("%s: %s" % (type(error).__name__, error))

    def unreachable(self, detail):
        shown = hide_credentials("%s/%s" % (self.base, self.repo))
        return Failure("model_unreachable", "The model cannot be fetched from %s: %s." % (shown, detail), url=shown,
                       detail=detail)

    def refused(self, error, file):
        """The Failure for a refusal (an HTTPError), or None for another status.

        Without a token the hub answers 401 both for what is private and for what is not there.
        """
        reason = error.headers.get("X-Error-Code") or ""
        params = {"repo": self.repo, "status": error.code, "token": "given" if self.token else "none"}
        if error.code == 401 and reason != "GatedRepo":
            if self.token:
                return Failure("model_token_refused", "The token is not accepted for %s." % self.repo, **params)
            return Failure("model_repo_not_found", "There is no public model %s; a private one needs a token."
                           % self.repo, **params)
        if error.code in (401, 403):
            return Failure("model_gated", "The owner of %s asks for terms to be accepted first%s." % (
                self.repo, "" if self.token else ", and for a token"), url="%s/%s" % (self.base, self.repo), **params)
        if error.code == 404 and (file is None or reason in ("RepoNotFound", "RevisionNotFound")):
            return Failure("model_repo_not_found", "There is no model %s at %s." % (self.repo, self.revision), **params)
        if error.code == 404:
            return Failure("model_file_not_found", "%s has no file %s." % (self.repo, file), file=file, **params)
        return None


def file_entry(entry):
    if not isinstance(entry, dict) or entry.get("type") != "file":
        return None
    path, size = entry.get("path"), entry.get("size")
    large = entry.get("lfs") if isinstance(entry.get("lfs"), dict) else {}
    if not isinstance(path, str) or not FILE.match(path) or not isinstance(size, int) or size < 0:
        return None
    digest = large.get("oid")
    whole = isinstance(digest, str) and re.match(r"[0-9a-f]{64}\Z", digest)
    return {"path": path, "size": large.get("size") if isinstance(large.get("size"), int) else size,
            "sha256": digest if whole else None}


def check_base(address):
    try:
        parts = urllib.parse.urlsplit(address)
        right = parts.scheme in ("http", "https") and parts.hostname and not parts.username and not parts.query
        parts.port
    except ValueError:
        right = False
    if not right or re.search(r"[\x00-\x20\x7f]", address):
        raise bad_param("base_url", "an http or https address")
    return address.rstrip("/")


def given_token():
    """The token that the caller put into the source of this script; None without one."""
    token = getattr(sys.modules["__main__"], "SECRETS", {}).get("hub_token")
    return token if isinstance(token, str) and re.match(r"[!-~]{1,1000}\Z", token) else None


def read_token(path):
    """The token in a file that only this user can read; None without a file."""
    if path is None:
        return None
    try:
        descriptor = os.open(os.path.expanduser(path), os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as source:
            found = os.fstat(source.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.getuid():
                raise bad_param("token_file", "a file of mode 0600 of your own")
            token = source.read(4096).decode("ascii", "replace").strip()
    except OSError:
        raise bad_param("token_file", "a file that can be read")
    if not re.match(r"[!-~]{1,1000}\Z", token):
        raise bad_param("token_file", "a file with a token in it")
    return token
