"""Finding programs: the PATH of a command over SSH is short."""

import os
import shutil

# Where the vendors' installers and package managers put programs, beside what PATH says.
FOLDERS = ("~/.local/bin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", "/usr/lib/wsl/lib", "/opt/rocm/bin",
           "/usr/sbin", "/sbin")


def find_program(name):
    """The path of a program, first from PATH, or None."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep) + [os.path.expanduser(folder) for folder in FOLDERS]
    # An empty entry means the working directory, where anything may lie.
    return shutil.which(name, path=os.pathsep.join(folder for folder in folders if os.path.isabs(folder)))
