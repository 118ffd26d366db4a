"""Where everything of one root and one deployment lies."""

import contextlib
import os
import re

from slipway_host.engine.pins import ENGINE_VERSION
from slipway_host.filesystem import is_inside, os_failure, remove_tree, umask
from slipway_host.params import bad_param, text_param

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
DEFAULT_ROOT = "~/.local/share/slipway/v1"
# The bytes that file systems take as the name of one file.
LONGEST_NAME = 255


class Layout:
    """Where everything of one root and one deployment lies."""

    def __init__(self, params):
        root = text_param(params, "root") or os.path.expanduser(DEFAULT_ROOT)
        if not os.path.isabs(root):
            raise bad_param("root", "an absolute directory")
        self.root = os.path.normpath(root)
        if any(len(os.fsencode(name)) > LONGEST_NAME for name in self.root.split(os.sep)):
            raise bad_param("root", "a directory that can be made")
        if self.root in ("/", os.path.normpath(os.path.expanduser("~"))):
            raise bad_param("root", "a directory of its own")
        self.name = text_param(params, "deployment", "default")
        if not NAME.match(self.name):
            raise bad_param("deployment", "letters, digits, - and _, at most 64")
        self.script = os.path.join(self.root, "script")
        # What the caller brings to a host that lacks it, see "Brought files" in the contract.
        self.python = os.path.join(self.root, "python")
        self.wheels = os.path.join(self.root, "wheels")
        self.engines = os.path.join(self.root, "engines")
        self.engine = os.path.join(self.engines, "llama_cpp-" + ENGINE_VERSION)
        self.models = os.path.join(self.root, "models")
        self.lock = os.path.join(self.root, "lock")
        self.runs = os.path.join(self.root, "runs")
        self.deployments = os.path.join(self.root, "deployments")
        self.deployment = os.path.join(self.deployments, self.name)
        self.manifest = os.path.join(self.deployment, "manifest.json")
        self.api_key = os.path.join(self.deployment, "api.key")
        self.run = os.path.join(self.deployment, "run")
        self.pidfile = os.path.join(self.run, "supervisor.pid")
        self.state = os.path.join(self.run, "state.json")
        self.launch = os.path.join(self.run, "launch.json")
        self.serve = os.path.join(self.run, "serve.json")
        self.logs = os.path.join(self.deployment, "logs")
        self.engine_log = os.path.join(self.logs, "engine.log")

    def of(self, name):
        """The layout of another deployment of this root; a name that is none gives an empty one."""
        return Layout({"root": self.root, "deployment": name if NAME.match(name) else "none"})

    def make(self, *directories):
        """Makes directories of mode 0700; the parents above root keep the user's habits."""
        for directory in (self.root,) + directories:
            if os.path.isdir(directory):
                continue
            try:
                if directory == self.root:
                    with umask(0o022):
                        os.makedirs(os.path.dirname(directory), exist_ok=True)
                os.makedirs(directory, mode=0o700, exist_ok=True)
            except OSError as error:
                raise os_failure(error, directory) or error
        os.chmod(self.root, 0o700)

    def holds(self, path):
        """Whether a path really lies below the root, so that no link leads to another place."""
        return is_inside(os.path.dirname(path), self.root)

    def remove(self, path):
        """Removes something below the root; the bytes that went. What a link leads to is not ours."""
        return remove_tree(path) if self.holds(path) else 0

    def prune(self):
        """Removes the directories that are empty, up to the slipway parent of a default root."""
        for directory in (self.run, self.logs, os.path.join(self.deployment, "versions"), self.deployment,
                          self.deployments, self.engines, self.models, self.script, self.runs, self.root):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        parent = os.path.dirname(self.root)
        if os.path.basename(parent) == "slipway":
            with contextlib.suppress(OSError):
                os.rmdir(parent)
