"""What lies below the root, how big it is, and which versions use it."""

import contextlib
import glob
import os
import re

from slipway_host.filesystem import is_older_than, read_json, tree_bytes
from slipway_host.model.gguf import model_files
from slipway_host.runs import history
from slipway_host.supervisor.spawn import script_path
from slipway_host.versions import all_manifests

# An upload that has not grown for this long was cut.
UPLOAD_LEFT_S = 3600
# One with the sum of its file in its name can be resumed; whoever began it may come back.
RESUMABLE_LEFT_S = 7 * 24 * 3600
PARTIAL = re.compile(r".*(\.part(\.json)?|\.part-[0-9a-f]{8}|\.part-[0-9a-f]{32}|\.tmp-\d+)\Z", re.DOTALL)
RESUMABLE = re.compile(r".*\.part-[0-9a-f]{16}\Z", re.DOTALL)


def engine_folder(layout, engine):
    """The directory below engines/ that an engine record lies in, or None (the host's own program)."""
    if (engine["kind"], engine["source"]) == ("llama_cpp", "wheel"):
        return os.path.join(layout.engines, "llama_cpp-" + os.path.basename(engine["version"]))
    place = engine.get("home") or engine.get("site") or engine.get("python") or engine.get("binary") or ""
    relative = os.path.relpath(place, layout.engines) if os.path.isabs(place) else ".."
    name = relative.split(os.sep)[0]
    return None if name in ("..", ".") else os.path.join(layout.engines, name)


def model_paths(model):
    """All files and folders of a model record."""
    path = model.get("path")
    return model_files(path) if path else []


def users_of(layout, manifests=None):
    """{path: [(deployment, version)]} of the engines and models that versions use: of all, or of these."""
    used = {}
    for deployment, version, manifest in all_manifests(layout) if manifests is None else manifests:
        folder = engine_folder(layout, manifest["engine"])
        for path in ([folder] if folder else []) + model_paths(manifest["model"]):
            used.setdefault(path, []).append((deployment, version))
    return used


def engines(layout):
    """The complete engines below the root."""
    return sorted(path for path in glob.glob(os.path.join(glob.escape(layout.engines), "*"))
                  if not os.path.basename(path).startswith("."))


def models(layout):
    """The complete models below the root: files and folders that hold one."""
    found = []
    for directory, folders, names in os.walk(layout.models):
        folders[:] = [name for name in folders if not is_partial(name)]
        if os.path.exists(os.path.join(directory, "config.json")) and directory != layout.models:
            # A model of many files is one.
            found.append(directory)
            folders[:] = []
            continue
        found += [os.path.join(directory, name) for name in names if not is_partial(name)]
    return sorted(found)


def is_partial(name):
    return bool(PARTIAL.match(name) or RESUMABLE.match(name))


def partial_downloads(layout):
    """Downloads and uploads that were begun and not ended; those that may still grow are left out."""
    found = []
    for directory, folders, names in os.walk(layout.models):
        found += [os.path.join(directory, name) for name in folders + names if is_partial(name)]
        folders[:] = [name for name in folders if not is_partial(name)]
    return sorted(path for path in found
                  if is_older_than(path, RESUMABLE_LEFT_S if RESUMABLE.match(path) else UPLOAD_LEFT_S))


def old_packages(layout):
    """The folder of brought packages, once nobody brings any: what was installed does not need them."""
    return [layout.wheels] if is_older_than(layout.wheels, UPLOAD_LEFT_S) else []


def leftovers(layout):
    """What a killed run left behind; the lock says that nobody uses it."""
    left = glob.glob(os.path.join(glob.escape(layout.engines), ".tmp-*"))
    left += glob.glob(os.path.join(glob.escape(layout.models), "*.tmp-*"))
    for pattern in ("*/*.tmp-*", "*/versions/.tmp-*", "*/run/*.tmp-*"):
        left += glob.glob(os.path.join(glob.escape(layout.deployments), pattern))
    # Uploads take no lock: one that still grows belongs to somebody.
    scripts = glob.glob(os.path.join(glob.escape(layout.script), "*"))
    left += [path for folder in [layout.models, layout.root] + scripts
             for path in glob.glob(os.path.join(glob.escape(folder), "*.part-" + "[0-9a-f]" * 8))
             if is_older_than(path, UPLOAD_LEFT_S)]
    return [path for path in left if layout.holds(path)]


def old_scripts(layout):
    """Script folders that neither this run, another one that works, nor the last start of a deployment is from."""
    live = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(layout.deployments):
            # A supervisor starts its engine from its own script, also hours or a reboot later.
            live.add(os.path.dirname(str((read_json(layout.of(name).launch) or {}).get("script"))))
    live.add(os.path.dirname(script_path()))
    live.update(os.path.dirname(folder.told("script", str) or "") for folder in history.working(layout))
    return sorted(path for path in glob.glob(os.path.join(glob.escape(layout.script), "*"))
                  if os.path.isdir(path) and path not in live)


def item(kind, path):
    return {"kind": kind, "path": path, "bytes": tree_bytes(path)}
