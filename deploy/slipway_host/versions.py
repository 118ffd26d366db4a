"""The versions of a deployment: a manifest each, and which of them is current.

    NAME/versions/NUMBER-HASH/manifest.json
    NAME/current.json    {"current": VERSION, "previous": VERSION|null, "candidate": VERSION|null}

The pointer is replaced in one step. A damaged one is made anew from the manifests; a manifest of the
layout before versions (NAME/manifest.json) counts as the current version and becomes one at the next
run that changes something.
"""

import contextlib
import os
import re
import shutil

from slipway_host.fault import Failure
from slipway_host.filesystem import read_json, write_json
from slipway_host.manifest import manifest_id, manifest_problem
from slipway_host.wire import OUT

# The current version and the one before it.
KEPT = 2
ROLES = ("current", "previous", "candidate")


class Versions:
    """The versions of one deployment. What changes them needs the lock."""

    def __init__(self, layout):
        self.layout = layout
        self.folder = os.path.join(layout.deployment, "versions")
        self.pointer_path = os.path.join(layout.deployment, "current.json")

    def names(self):
        """All versions, oldest first."""
        with contextlib.suppress(OSError):
            return sorted((name for name in os.listdir(self.folder) if is_version(name)), key=number_of)
        return []

    def manifest_path(self, version):
        return os.path.join(self.folder, version, "manifest.json")

    def manifest(self, version):
        """The manifest of a version, or None if it is absent or damaged."""
        if not is_version(version):
            return None
        manifest = read_json(self.manifest_path(version))
        return manifest if manifest is not None and manifest_problem(manifest) is None else None

    def legacy(self):
        """The manifest of the layout before versions, or None."""
        manifest = read_json(self.layout.manifest)
        return manifest if manifest is not None and manifest_problem(manifest) is None else None

    def pointer(self):
        """{current, previous, candidate}: versions that exist, or None each."""
        found = read_json(self.pointer_path)
        names = self.names()
        pointer = {role: found.get(role) if found and found.get(role) in names else None for role in ROLES}
        if pointer["current"] is None and pointer["candidate"] is None:
            # Lost or edited: the newest whole version is the best guess.
            whole = [name for name in names if self.manifest(name)]
            pointer["current"] = whole[-1] if whole else None
        return pointer

    def current(self):
        """(version, manifest) of the current version; the version is None before the first migration."""
        legacy = self.legacy()
        if legacy:
            return None, legacy
        version = self.pointer()["current"]
        return version, self.manifest(version) if version else None

    def need(self, version):
        """The manifest of a version that has to be there and whole."""
        manifest = self.manifest(version) if version else None
        if manifest is None:
            path = self.manifest_path(version) if version else self.layout.deployment
            found = read_json(path) if version else None
            detail = manifest_problem(found) if found is not None else "it is no JSON object"
            raise Failure("manifest_damaged", "The manifest %s is damaged: %s." % (path, detail),
                          path=path, detail=detail)
        return manifest

    def need_current(self):
        """(version, manifest) of what a start runs."""
        version, manifest = self.current()
        if manifest:
            return version, manifest
        # A candidate is not deployed: it was never verified.
        others = [name for name in self.names() if name != self.pointer()["candidate"]]
        if version is None and not others:
            raise Failure("not_deployed", "Nothing is deployed on this host under the name %s." % self.layout.name)
        return version, self.need(version or others[-1])

    def known_models(self):
        """The model records of all versions, newest first: what need not be read or fetched again."""
        manifests = [self.legacy()] + [self.manifest(name) for name in reversed(self.names())]
        return [manifest["model"] for manifest in manifests if manifest]

    def point(self, pointer):
        """Replaces the pointer."""
        write_json(self.pointer_path, {role: pointer[role] for role in ROLES})

    def adopt(self):
        """Makes the manifest of the layout before versions a version; a damaged one goes."""
        if not os.path.lexists(self.layout.manifest):
            return
        manifest = self.legacy()
        if manifest:
            before = self.pointer()["current"]
            version = self.add(manifest)
            self.point({"current": version, "previous": before if before != version else None, "candidate": None})
        else:
            OUT.log("The damaged manifest %s was removed." % self.layout.manifest, "warn")
        with contextlib.suppress(OSError):
            os.unlink(self.layout.manifest)

    def add(self, manifest):
        """Writes a new version, which nothing points to yet; its name."""
        names = self.names()
        version = "%d-%s" % (number_of(names[-1]) + 1 if names else 1, manifest_id(manifest)[:8])
        self.layout.make(self.layout.deployments, self.layout.deployment, self.folder)
        temporary = os.path.join(self.folder, ".tmp-%d" % os.getpid())
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            os.mkdir(temporary, 0o700)
            write_json(os.path.join(temporary, "manifest.json"), dict(manifest, version=version))
            os.rename(temporary, os.path.join(self.folder, version))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return version

    def make_current(self, version):
        """Switches to a version; the one before it stays as the previous."""
        pointer = self.pointer()
        if version != pointer["current"]:
            before = pointer["current"] if self.manifest(pointer["current"]) else pointer["previous"]
            pointer = {"current": version, "previous": before if before != version else None, "candidate": None}
        self.point(dict(pointer, candidate=None))

    def drop_candidate(self):
        """Forgets a version that was never verified; whether there was one."""
        pointer = self.pointer()
        candidate = pointer["candidate"]
        if candidate is None:
            return False
        self.point(dict(pointer, candidate=None))
        if candidate not in (pointer["current"], pointer["previous"]):
            self.layout.remove(os.path.join(self.folder, candidate))
        return True

    def prune(self):
        """Removes versions beyond the last two; [(version, bytes)]."""
        pointer = self.pointer()
        kept = {pointer[role] for role in ROLES} - {None}
        for name in reversed(self.names()):
            if len(kept) >= KEPT:
                break
            if self.manifest(name):
                kept.add(name)
        return [(name, self.layout.remove(os.path.join(self.folder, name))) for name in self.names() if name not in kept]


def is_version(name):
    return isinstance(name, str) and re.match(r"[1-9][0-9]{0,8}-[0-9a-f]{8}\Z", name) is not None


def number_of(version):
    return int(version.partition("-")[0])


def all_manifests(layout):
    """[(deployment, version or None, manifest)] of the whole root, damaged ones left out."""
    found = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(layout.deployments)):
            versions = Versions(layout.of(name))
            legacy = versions.legacy()
            found += [(name, None, legacy)] if legacy else []
            found += [(name, version, versions.manifest(version)) for version in versions.names()]
    return [entry for entry in found if entry[2]]
