#!/usr/bin/env python3
"""What Slipway runs on a host: installs an LLM engine and a model, keeps the server alive, removes it.

Standard library only, Python 3.8+, Linux and macOS, a plain user, one file. It never uses sudo,
never touches the system's Python packages (PEP 668 safe) and writes only below its root directory.

Invocation
----------
    python3 deploy_llm_server.py SUBCOMMAND (--params FILE | --params-b64 BASE64_JSON)
    python3 - probe --params-b64 BASE64_JSON < deploy_llm_server.py      (nothing is written)

Parameters are a JSON object. Secrets are never in it: the API key of a deployment is made on the
host, in a file of mode 0600, and is read from there. For every subcommand:

    marker       8 to 128 characters of [0-9A-Za-z_-], random, chosen by the caller
    root         absolute directory, or null for ~/.local/share/slipway/v1
    deployment   name of the deployment, default "default"
    lock_wait_s  seconds to wait for the lock of another run, default 5
    python       an interpreter to use for the engine instead of searching for one (optional)

A parameter file is best kept in ROOT/script/: uninstall removes that folder, and the whole root with
it once it is empty, but nothing that it does not know.

Output
------
An event is one line on stdout, <marker>{json}<marker>; all other lines are log noise.

    {"event":"log","level":"info|warn|error","text":...}
    {"event":"progress","stage":"engine|model|verify_file|load","text":...,"done":N,"total":N|null}
        bytes, except for "load": seconds waited
    {"event":"result","data":{...}}                                     terminal, exit status 0
    {"event":"error","code":...,"message":...,"params":{str:str}}       terminal, exit status 1

Exactly one terminal event ends a run (without one the process was killed). If the parameters
cannot be read, the marker is unknown and the error is a bare JSON line.

Subcommands
-----------
probe      writes nothing. Optional "model" and "engine" as for install, then they are judged as
           well: with an engine.binary nothing that only the wheel needs is missed.
           data: os, os_release, arch, libc, hostname, user, home, root,
           python{path,version,venv,engine_python,pythons[]}, disk{path,free_bytes,total_bytes,
           free_inodes}, memory{total_bytes,available_bytes}, cpu{model,cores,flags_ok,missing[]},
           gpus[{name,memory_total_mb,memory_free_mb,driver}], llama_server, llama_server_version,
           writable, noexec, index_reachable (null: not tested), engine_installed,
           deployment (as status, or null), findings[{severity,code,message,fix,params}]
install    engine {"kind":"llama_cpp","source":"auto|wheel|binary","binary":path|null}
               auto: an existing llama-server if the host has an NVIDIA GPU (the wheel computes on
               the CPU) and the model is a real one; else the wheel; else an existing llama-server
           model {"kind":"practice"} | {"kind":"path","path":P} | {"kind":"uploaded","path":P,
               "sha256":S} | {"kind":"url","url":U,"sha256":S|null}
           context_size  tokens that one conversation may use; null: the model's own, at most 8192.
               The slots share one cache of this size
           parallel      slots, default 4
           threads       null: 1 for the practice model, else the engine's choice
           gpu_layers    null: the engine's choice
           data: changed, engine{kind,version,source,python,seconds}, model{kind,name,label,path,
           bytes,sha256,architecture,context_train,practice}, manifest
           The second run with the same parameters neither uses the network nor reads big files.
start      timeout_s (default 120) to be ready; port (null: any free one, kept across restarts);
           log_bytes (default 5 MiB; two such files are kept); watch "prctl" or "pipe": how the
           engine notices the end of its supervisor (default: prctl on Linux).
           data: port, pid, engine_pid, state, already_running, model, load_seconds, api_key_path
           An engine that does not get ready in time is stopped again.
stop       data: was_running
status     data: deployed, state (absent|stopped|starting|loading|ready|crashed), port, last_port, pid,
           engine_pid, restarts, since (of this state, seconds of the epoch), last_exit{status,text,
           reason,at,seconds,log}, model, engine, manifest, api_key_path, log_tail
logs       lines (default 200). data: lines
uninstall  keep_models (default false). data: removed_bytes, was_deployed. Stops, removes the
           deployment, engines and models that no other deployment uses, and what is then empty.
supervise, serve   internal: the supervisor process and the engine process.

Error codes and their params
----------------------------
python_too_old{found,needed,fix}  venv_missing{python,fix}  libgomp_missing{fix}
cpu_unsupported{missing}  disk_full{path,needed,free}  no_write_permission{path}  noexec{path}
no_index_reachable{detail}  engine_install_failed{detail}  hash_mismatch{expected,actual,what}
model_not_found{path}  model_not_gguf{path}  model_truncated{path,expected,actual}
model_unreachable{url,detail}  model_url_invalid{url}  engine_crashed{detail,reason,log}
engine_not_healthy{seconds,log}  port_unavailable{port}  lock_held{owner,pid,since,age_seconds}
not_deployed{}  glibc_too_old{found,needed}  unsupported_platform{os,arch}  cancelled{}
script_failed{detail}

Cancelling: SIGTERM and SIGINT take back what the run had begun. SIGHUP and a closed stdout mean
that the link is gone: an install stops cleanly but keeps a partial model download, so that the
next run resumes it; a start leaves the engine to its supervisor.

Files below root (mode 0700): script/, engines/llama_cpp-VERSION/, models/, lock/ and
deployments/NAME/{manifest.json,api.key,run/,logs/}.
"""

import sys

if sys.version_info < (3, 6):
    sys.exit("Slipway needs Python 3.8 or newer on the host.")

import base64  # noqa: E402  (the version test has to come first)
import collections
import contextlib
import ctypes
import errno
import getpass
import glob
import hashlib
import html.parser
import http.client
import json
import os
import platform
import re
import select
import selectors
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
import zipfile

sys.dont_write_bytecode = True

MINIMUM_PYTHON = (3, 8)
# The wheel is built for CPython's stable interface from 3.10 on.
ENGINE_PYTHON = (3, 10)
PACKAGE = "xllamacpp"
ENGINE_VERSION = "2026.10.11549"
# (system, machine): file name, pip platform tag, sha256, bytes to download.
WHEELS = {
    ("Linux", "x86_64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        "manylinux2014_x86_64",
        "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261", 33827498),
    ("Linux", "aarch64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
        "manylinux2014_aarch64",
        "e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e", 32870844),
    ("Darwin", "arm64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-macosx_13_0_arm64.whl",
        "macosx_13_0_arm64",
        "4ecda27a308b2403aa13c9d04b270befab95edc556c24ed00b2f8a98bd7f6781", 12152949),
    ("Darwin", "x86_64"): (
        "xllamacpp-2026.10.11549-cp310-abi3-macosx_13_0_x86_64.whl",
        "macosx_13_0_x86_64",
        "1f2a08052bb653659bcf1bedbbaf86b97f41dd46aa2763d596d7f27c5d89a689", 11523198),
}
# The installed engine, its download and some room to move, in bytes.
ENGINE_DISK_BYTES = 190 * 1000 * 1000
ENGINE_INODES = 200
CPU_FLAGS = ("avx2", "fma", "f16c", "bmi2")
MINIMUM_GLIBC = (2, 17)
DEFAULT_CONTEXT = 8192
DEFAULT_ROOT = "~/.local/share/slipway/v1"

LOG_BYTES = 5 * 1024 * 1024
BACKOFF_FIRST_S = 0.4
BACKOFF_LONGEST_S = 30.0
FAST_FAILURES = 5
STABLE_AFTER_S = 60.0
ENGINE_GRACE_S = 4.0
STOP_GRACE_S = 5.0
PROGRESS_INTERVAL_S = 0.2
# A lock taken on another machine (a shared home) cannot be checked; after this long it is stale.
FOREIGN_LOCK_S = 24 * 3600
# An upload that has not grown for this long was cut.
UPLOAD_LEFT_S = 3600


# ============================================================================= events and errors

class Failure(Exception):
    """An error with a stable code; ends the run with an error event."""

    def __init__(self, code, message, **params):
        Exception.__init__(self, message)
        self.code = code
        self.params = {key: str(value) for key, value in params.items()}


class Cancelled(BaseException):
    """The caller asked to stop, or is gone. ``resume`` keeps what the next run can use."""

    def __init__(self, resume):
        BaseException.__init__(self)
        self.resume = resume


class Channel:
    """Writes event lines to stdout. A closed stdout is remembered, never an exception here."""

    def __init__(self):
        self.marker = ""
        self.gone = False
        self.finish = False
        self.fresh_line = False
        self.last_progress = 0.0

    def emit(self, event):
        text = self.marker + json.dumps(event, sort_keys=True, ensure_ascii=False) + self.marker + "\n"
        if not self.fresh_line:
            # A banner may have left its last line open.
            text = "\n" + text
            self.fresh_line = True
        # Names of files need not be text; half a surrogate pair would be no JSON for the reader.
        data = text.encode("utf-8", "replace")
        while data and not self.gone:
            try:
                data = data[os.write(1, data):]
            except BlockingIOError:
                select.select([], [1], [], 1.0)
            except OSError:
                self.gone = True

    def closed(self):
        """Whether the reader of stdout has gone, noticed without writing."""
        # Elsewhere poll may take a closed stdin for the end of both; there the next write will tell.
        if not self.gone and sys.platform.startswith("linux"):
            poll = select.poll()
            poll.register(1, 0)
            lost = select.POLLERR | select.POLLHUP | select.POLLNVAL
            with contextlib.suppress(OSError):
                self.gone = any(flags & lost for _, flags in poll.poll(0))
        return self.gone

    def log(self, text, level="info"):
        self.emit({"event": "log", "level": level, "text": text})

    def progress(self, stage, text, done, total=None, force=False):
        now = time.monotonic()
        if force or now - self.last_progress >= PROGRESS_INTERVAL_S:
            self.last_progress = now
            self.emit({"event": "progress", "stage": stage, "text": text,
                       "done": int(done), "total": None if total is None else int(total)})
        self.check()

    def check(self):
        """Raises Cancelled when nobody listens any more, unless the work has to be finished."""
        if not self.finish and self.closed():
            raise Cancelled(resume=True)


OUT = Channel()


def handle_signals():
    """SIGTERM, SIGINT and SIGHUP raise Cancelled, once: clean-up must not be interrupted."""
    names = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def cancel(number, _frame):
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise Cancelled(resume=number == signal.SIGHUP)

    for name in names:
        signal.signal(name, cancel)


def ignore_signals():
    """For what is short and has to be finished: stop, uninstall, the terminal event."""
    OUT.finish = True
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)


def os_failure(error, path, needed=0):
    """The Failure for an OSError while writing to path, or None if it has no code of its own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path, needed)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return no_write_permission(error.filename or path)
    return None


def disk_full(path, needed):
    free = disk_space(path)["free_bytes"]
    return Failure("disk_full", "The disk of the host is too full: %s is needed below %s, %s is free."
                   % (size_text(needed) if needed else "more space", path, size_text(free)),
                   path=path, needed=needed, free=free)


def no_write_permission(path):
    return Failure("no_write_permission", "You may not write to %s on the host." % path, path=path)


def size_text(count):
    """1234567 -> "1.2 MB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return "%.0f %s" % (amount, unit) if unit == "B" else "%.1f %s" % (amount, unit)
        amount /= 1000
    return "%.1f TB" % amount


# ==================================================================================== parameters

def read_params(arguments):
    """The JSON object given by --params FILE or --params-b64 TEXT."""
    if len(arguments) != 2 or arguments[0] not in ("--params", "--params-b64"):
        raise Failure("script_failed", "Usage: deploy_llm_server.py SUBCOMMAND "
                      "(--params FILE | --params-b64 BASE64_JSON)", detail="usage")
    try:
        if arguments[0] == "--params":
            with open(arguments[1], "rb") as source:
                data = source.read()
        else:
            data = base64.b64decode(arguments[1].encode("ascii"), validate=True)
        params = json.loads(data.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise Failure("script_failed", "The parameters cannot be read: %s" % error, detail=error)
    if not isinstance(params, dict):
        raise bad_param("params", "a JSON object")
    return params


def bad_param(name, wanted):
    return Failure("script_failed", "The parameter %s must be %s." % (name, wanted),
                   detail="bad parameter: " + name)


def text_param(params, name, default=None):
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or not value or "\0" in value or "\n" in value:
        raise bad_param(name, "a line of text")
    return value


def int_param(params, name, lowest, highest, default=None):
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise bad_param(name, "a whole number from %d to %d" % (lowest, highest))
    return value


def seconds_param(params, name, default):
    value = params.get(name)
    if value is None:
        return float(default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 86400:
        raise bad_param(name, "a number of seconds from 0 to 86400")
    return float(value)


def object_param(params, name, default=None):
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, dict):
        raise bad_param(name, "a JSON object")
    return value


def sha256_param(params, name="sha256"):
    value = text_param(params, name)
    if value is not None and not re.match(r"[0-9a-fA-F]{64}\Z", value):
        raise bad_param(name, "64 hexadecimal digits")
    return value.lower() if value else None


# ========================================================================================= paths

class Layout:
    """Where everything of one root and one deployment lies."""

    def __init__(self, params):
        root = text_param(params, "root") or os.path.expanduser(DEFAULT_ROOT)
        if not os.path.isabs(root):
            raise bad_param("root", "an absolute directory")
        self.root = os.path.normpath(root)
        if self.root in ("/", os.path.normpath(os.path.expanduser("~"))):
            raise bad_param("root", "a directory of its own")
        self.name = text_param(params, "deployment", "default")
        if not re.match(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z", self.name):
            raise bad_param("deployment", "letters, digits, - and _, at most 64")
        self.script = os.path.join(self.root, "script")
        self.engines = os.path.join(self.root, "engines")
        self.engine = os.path.join(self.engines, "llama_cpp-" + ENGINE_VERSION)
        self.models = os.path.join(self.root, "models")
        self.lock = os.path.join(self.root, "lock")
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

    def prune(self):
        """Removes the directories that are empty, up to the slipway parent of a default root."""
        for directory in (self.run, self.logs, self.deployment, self.deployments, self.engines,
                          self.models, self.script, self.root):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        parent = os.path.dirname(self.root)
        if os.path.basename(parent) == "slipway":
            with contextlib.suppress(OSError):
                os.rmdir(parent)


@contextlib.contextmanager
def umask(mask):
    previous = os.umask(mask)
    try:
        yield
    finally:
        os.umask(previous)


def existing_ancestor(path):
    while not os.path.lexists(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    return path


def read_json(path):
    """The JSON object in a file, or None if it is absent or damaged."""
    try:
        with open(path, "rb") as source:
            value = json.loads(source.read().decode("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_file(path, data, mode=0o600):
    """Replaces a file in one step; readers see the old or the new content."""
    temporary = "%s.tmp-%d" % (path, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_json(path, value):
    write_file(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode("ascii"))


def tree_bytes(path):
    """The size of the files below path (of the file itself), links not followed."""
    try:
        total = os.lstat(path).st_size if not os.path.isdir(path) or os.path.islink(path) else 0
    except OSError:
        return 0
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_size
    return total


def remove_tree(path):
    """Removes a file or directory; returns the bytes that went."""
    if not os.path.lexists(path):
        return 0
    size = tree_bytes(path)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return 0 if os.path.lexists(path) else size


def utc_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


# ===================================================================================== processes

def start_time(pid):
    """When a live process started, as text that identifies it; None if dead or a zombie."""
    if sys.platform.startswith("linux"):
        try:
            with open("/proc/%d/stat" % pid, "rb") as source:
                # The command may hold spaces and brackets: the fields begin after the last ")".
                fields = source.read().rpartition(b")")[2].split()
            return None if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")
        except (OSError, IndexError):
            return None
    try:
        answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=5,
                                env=dict(os.environ, LC_ALL="C"))
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.decode("ascii", "replace").split()
    return None if not words or words[0].startswith("Z") else "_".join(words[1:])


def is_running(pid, started):
    return isinstance(pid, int) and pid > 1 and started is not None and start_time(pid) == started


def signal_process(pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def wait_gone(pid, started, seconds):
    """Waits until the process has ended; False if it still runs after that time."""
    deadline = time.monotonic() + seconds
    while is_running(pid, started):
        if time.monotonic() > deadline:
            return False
        with contextlib.suppress(ChildProcessError, OSError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
    return True


def run_text(command, seconds, **options):
    """(exit status, output with errors) of a command; (None, reason) if it cannot run."""
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds, cwd="/", **options)
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    return answer.returncode, answer.stdout.decode("utf-8", "replace")


# ========================================================================================== lock

class Lock:
    """A directory made by mkdir, with its owner inside; a dead owner's lock is taken over."""

    def __init__(self, layout, what, wait):
        self.layout = layout
        self.what = what
        self.wait = wait
        self.held = False

    def __enter__(self):
        deadline = time.monotonic() + self.wait
        while not self.take():
            owner = read_json(os.path.join(self.layout.lock, "owner.json"))
            if self.is_stale(owner):
                self.heal(owner)
            elif time.monotonic() >= deadline:
                raise self.failure(owner)
            else:
                OUT.check()
                time.sleep(0.1)
        return self

    def __exit__(self, *_):
        if self.held:
            self.held = False
            shutil.rmtree(self.layout.lock, ignore_errors=True)

    def take(self):
        try:
            os.mkdir(self.layout.lock, 0o700)
        except FileExistsError:
            return False
        except OSError as error:
            raise os_failure(error, self.layout.root) or error
        self.held = True
        try:
            write_json(os.path.join(self.layout.lock, "owner.json"), {
                "pid": os.getpid(), "host": socket.gethostname(), "user": user_name(),
                "start_time": start_time(os.getpid()), "since": time.time(), "what": self.what})
        except BaseException as error:
            self.__exit__()
            if isinstance(error, OSError):
                raise os_failure(error, self.layout.root) or error
            raise
        return True

    def age(self, owner):
        since = (owner or {}).get("since")
        if not isinstance(since, (int, float)):
            try:
                since = os.stat(self.layout.lock).st_mtime
            except OSError:
                since = time.time()
        return max(0.0, time.time() - since)

    def is_stale(self, owner):
        if owner is None:
            # Between mkdir and the owner file a live owner needs a moment.
            return self.age(None) > 10
        if owner.get("host") != socket.gethostname():
            return self.age(owner) > FOREIGN_LOCK_S
        return not is_running(owner.get("pid"), owner.get("start_time"))

    def heal(self, owner):
        """Removes a stale lock. The flock keeps two healers from removing each other's new lock."""
        import fcntl
        descriptor = os.open(self.layout.root, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if read_json(os.path.join(self.layout.lock, "owner.json")) == owner and self.is_stale(owner):
                OUT.log("A stale lock of process %s (%s, %d s old) was removed."
                        % ((owner or {}).get("pid", "?"), (owner or {}).get("what", "?"), self.age(owner)), "warn")
                shutil.rmtree(self.layout.lock, ignore_errors=True)
        finally:
            os.close(descriptor)

    def failure(self, owner):
        owner = owner or {}
        age = int(self.age(owner))
        name = "%s@%s (%s)" % (owner.get("user", "?"), owner.get("host", "?"), owner.get("what", "?"))
        return Failure("lock_held", "Another run, %s, process %s, has been working on this host for %d s."
                       % (name, owner.get("pid", "?"), age), owner=name, pid=owner.get("pid", ""),
                       since=utc_text(time.time() - age), age_seconds=age)


# ==================================================================================== host facts

def user_name():
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def os_release():
    """/etc/os-release as a dictionary; empty on macOS."""
    found = {}
    with contextlib.suppress(OSError):
        with open("/etc/os-release", encoding="utf-8", errors="replace") as source:
            for line in source:
                key, equals, value = line.strip().partition("=")
                if equals:
                    found[key] = value.strip("\"'")
    return found


def package_fix(**names):
    """The command that installs a system package on this distribution."""
    if platform.system() == "Darwin":
        return names.get("brew", "")
    release = os_release()
    family = [release.get("ID", "")] + release.get("ID_LIKE", "").split()
    for distribution, manager, key in (
            ("debian", "sudo apt install ", "apt"), ("ubuntu", "sudo apt install ", "apt"),
            ("fedora", "sudo dnf install ", "dnf"), ("rhel", "sudo dnf install ", "dnf"),
            ("arch", "sudo pacman -S ", "pacman"), ("suse", "sudo zypper install ", "zypper"),
            ("opensuse", "sudo zypper install ", "zypper"), ("alpine", "sudo apk add ", "apk")):
        if distribution in family:
            return manager + names[key]
    return "sudo apt install " + names["apt"]


def python_fix():
    return package_fix(apt="python3 python3-venv", dnf="python3.11", pacman="python", zypper="python311",
                       apk="python3", brew="brew install python")


def venv_fix():
    return package_fix(apt="python3-venv", dnf="python3-pip", pacman="python-pip", zypper="python3-pip",
                       apk="py3-pip", brew="brew install python")


def libgomp_fix():
    return package_fix(apt="libgomp1 libstdc++6", dnf="libgomp libstdc++", pacman="gcc-libs",
                       zypper="libgomp1 libstdc++6", apk="libgomp libstdc++")


def libc_text():
    if platform.system() == "Darwin":
        return "macos " + platform.mac_ver()[0]
    version = glibc_version()
    if version:
        return "glibc %d.%d" % version
    return "musl" if glob.glob("/lib/ld-musl-*") else "unknown"


def glibc_version():
    try:
        name, _, version = os.confstr("CS_GNU_LIBC_VERSION").partition(" ")
        return tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else None
    except (ValueError, OSError, AttributeError):
        return None


def platform_failure():
    """Why the wheel cannot run on this system, or None."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) not in WHEELS:
        return Failure("unsupported_platform", "The engine is not built for %s on %s."
                       % (system, machine), os=system, arch=machine)
    if system == "Linux":
        version = glibc_version()
        if version is None:
            return Failure("unsupported_platform", "The engine needs a Linux with glibc; this one has %s. "
                           "Install llama-server on the host and deploy again." % libc_text(),
                           os="Linux (%s)" % libc_text(), arch=machine)
        if version < MINIMUM_GLIBC:
            return Failure("glibc_too_old", "The engine needs glibc 2.17; the host has %d.%d." % version,
                           found="%d.%d" % version, needed="2.17")
    elif tuple(int(part) for part in platform.mac_ver()[0].split(".")[:1]) < (13,):
        return Failure("unsupported_platform", "The engine needs macOS 13 or newer.",
                       os="macOS " + platform.mac_ver()[0], arch=machine)
    return None


def cpu_facts():
    """Model, cores that this process may use, and the instructions that the wheel needs."""
    model, flags = "", None
    if platform.system() == "Linux":
        with contextlib.suppress(OSError):
            with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as source:
                for line in source:
                    key, _, value = line.partition(":")
                    key = key.strip()
                    if key == "model name" and not model:
                        model = value.strip()
                    elif key == "flags" and flags is None:
                        flags = set(value.split())
                    if model and flags is not None:
                        break
    elif platform.system() == "Darwin":
        model = run_text(["sysctl", "-n", "machdep.cpu.brand_string"], 3)[1].strip()
        if platform.machine() == "x86_64":
            text = run_text(["sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"], 3)[1]
            flags = set(text.lower().split())
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    missing = []
    if platform.machine() in ("x86_64", "AMD64") and flags:
        missing = [flag for flag in CPU_FLAGS if flag not in flags]
    return {"model": model or platform.machine(), "cores": cores, "flags_ok": not missing, "missing": missing}


def memory_facts():
    """Total and available memory in bytes, within the limit of a container if there is one."""
    total = available = None
    if platform.system() == "Linux":
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open("/proc/meminfo") as source:
                fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in source}
            total, available = fields.get("MemTotal"), fields.get("MemAvailable")
        for limit_path, used_path in (
                ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
                ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes")):
            with contextlib.suppress(OSError, ValueError):
                with open(limit_path) as source:
                    limit = int(source.read())
                with open(used_path) as source:
                    used = int(source.read())
                if total is None or limit < total:
                    total, available = limit, max(0, min(available or limit, limit - used))
    elif platform.system() == "Darwin":
        with contextlib.suppress(ValueError):
            total = int(run_text(["sysctl", "-n", "hw.memsize"], 3)[1])
        page = re.search(r"page size of (\d+)", run_text(["vm_stat"], 3)[1])
        pages = re.findall(r"Pages (?:free|inactive|speculative|purgeable):\s+(\d+)", run_text(["vm_stat"], 3)[1])
        if page and pages:
            available = int(page.group(1)) * sum(int(count) for count in pages)
    return {"total_bytes": total, "available_bytes": available}


def gpu_facts():
    """NVIDIA GPUs as nvidia-smi reports them; empty without one."""
    program = shutil.which("nvidia-smi")
    if not program:
        return []
    status, text = run_text([program, "--query-gpu=name,memory.total,memory.free,driver_version",
                             "--format=csv,noheader,nounits"], 5)
    gpus = []
    for line in text.splitlines() if status == 0 else ():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4:
            gpus.append({"name": parts[0], "driver": parts[3],
                         "memory_total_mb": int(parts[1]) if parts[1].isdigit() else None,
                         "memory_free_mb": int(parts[2]) if parts[2].isdigit() else None})
    return gpus


def disk_space(path):
    """Space where path is or would be; inodes are null where the file system does not count them."""
    place = existing_ancestor(path)
    found = os.statvfs(place)
    return {"path": place, "free_bytes": found.f_bavail * found.f_frsize,
            "total_bytes": found.f_blocks * found.f_frsize,
            "free_inodes": found.f_favail if found.f_files else None}


def is_writable(path):
    """Whether path can be made or written, judged without writing."""
    place = existing_ancestor(path)
    read_only = os.statvfs(place).f_flag & getattr(os, "ST_RDONLY", 1)
    return os.path.isdir(place) and not read_only and os.access(place, os.W_OK | os.X_OK)


def is_noexec(path):
    return bool(os.statvfs(existing_ancestor(path)).f_flag & getattr(os, "ST_NOEXEC", 0))


def missing_libraries():
    """Shared libraries that the wheel loads and does not bring along."""
    missing = []
    for name in ("libgomp.so.1", "libstdc++.so.6") if platform.system() == "Linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def find_llama_server():
    """The path of a llama-server on this host, or None."""
    path = os.environ.get("PATH", os.defpath)
    extra = [os.path.expanduser("~/.local/bin"), "/usr/local/bin", "/opt/homebrew/bin"]
    return shutil.which("llama-server", path=os.pathsep.join([path] + extra))


def llama_server_version(binary):
    status, text = run_text([binary, "--version"], 10)
    match = re.search(r"version:\s*(\S+)", text)
    return match.group(1) if match else ("unknown" if status == 0 else None)


# ============================================================================ Python interpreters

# Runs in a foreign interpreter, which may be old: prints what it is able to do.
PYTHON_FACTS = r"""
import json, sys, platform, glob, os
try:
    from importlib.util import find_spec
    has = lambda name: find_spec(name) is not None
except ImportError:
    has = lambda name: False
bundled = []
if has("ensurepip"):
    import ensurepip, sysconfig
    bundled = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))
    place = sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels"
    bundled = bundled or glob.glob(os.path.join(place, "pip-*.whl"))
try:
    import ssl
    with_ssl = True
except ImportError:
    with_ssl = False
import sysconfig
print("FACTS" + json.dumps({
    "path": sys.executable, "version": list(sys.version_info[:3]),
    "cpython": platform.python_implementation() == "CPython" and sys.maxsize > 2 ** 32
        and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "venv": has("venv"), "ensurepip": bool(bundled), "pip": has("pip"),
    "pip_wheel": bundled[0] if bundled else None, "ssl": with_ssl}))
"""


def python_candidates(chosen):
    """Interpreters worth asking, without duplicates."""
    if chosen:
        return [chosen]
    names = ["python3"] + ["python3.%d" % minor for minor in range(19, 7, -1)]
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders += ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", os.path.expanduser("~/.local/bin")]
    paths = [sys.executable] if sys.executable else []
    for folder in folders:
        # pyenv's shims are slow scripts around the interpreters that are listed below.
        if folder and not folder.rstrip("/").endswith("/shims"):
            paths += [os.path.join(folder, name) for name in names]
    for pattern in ("~/.pyenv/versions/3.1*/bin/python3", "~/miniconda3/bin/python3",
                    "~/.local/share/uv/python/cpython-3.1*/bin/python3"):
        paths += sorted(glob.glob(os.path.expanduser(pattern)), reverse=True)
    unique = {}
    for path in paths:
        if os.access(path, os.X_OK) and os.path.isfile(path):
            unique.setdefault(os.path.realpath(path), path)
    return list(unique.values())[:16]


def ask_python(path):
    """What an interpreter is able to do, or None if it does not run."""
    status, text = run_text([path, "-c", PYTHON_FACTS], 8)
    for line in text.splitlines() if status == 0 else ():
        if line.startswith("FACTS"):
            with contextlib.suppress(ValueError):
                facts = json.loads(line[5:])
                facts["path"] = path
                return facts
    return None


def find_pythons(chosen=None):
    """The facts of all interpreters found; asked at the same time, since each takes a moment."""
    found = []

    def ask(path):
        facts = ask_python(path)
        if facts:
            found.append(facts)

    run_together([lambda path=path: ask(path) for path in python_candidates(chosen)])
    return sorted(found, key=lambda facts: (facts["version"], facts["path"]), reverse=True)


def run_together(jobs):
    """Runs functions in threads and waits for all; an exception of one ends up here."""
    errors = []

    def guarded(job):
        try:
            job()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def pip_commands(pythons, engine_python):
    """Ways to call a pip, best first: [(command, whether it belongs to the engine's Python)]."""
    own = [facts for facts in pythons if facts["path"] == engine_python["path"]]
    others = [facts for facts in pythons if facts["path"] != engine_python["path"] and facts["version"] >= [3, 6]]
    commands = []
    for facts in own + others:
        if facts["pip"]:
            commands.append(([facts["path"], "-m", "pip"], facts in own))
        elif facts["pip_wheel"]:
            # A wheel is a zip file that Python can run from.
            commands.append(([facts["path"], os.path.join(facts["pip_wheel"], "pip")], facts in own))
    return commands


def engine_python_of(pythons):
    """The newest interpreter that the wheel runs on and that can fetch and hold it, or None."""
    usable = [facts for facts in pythons if facts["cpython"] and tuple(facts["version"]) >= ENGINE_PYTHON]
    usable.sort(key=lambda facts: (facts["venv"] and (facts["pip"] or facts["ensurepip"]), facts["version"]),
                reverse=True)
    return usable[0] if usable else None


def version_text(version):
    return ".".join(str(part) for part in version)


def engine_python_failure(pythons, index_url):
    """Why no interpreter can carry the wheel, or None."""
    python = engine_python_of(pythons)
    if python is None:
        found = version_text(pythons[0]["version"]) if pythons else "none"
        return Failure("python_too_old", "The engine needs Python %s or newer; the newest usable one on the host "
                       "is %s." % (version_text(ENGINE_PYTHON), found), found=found,
                       needed=version_text(ENGINE_PYTHON), fix=python_fix())
    if not pip_commands(pythons, python) and not index_url:
        return Failure("venv_missing", "%s has neither pip nor ensurepip, so nothing can be installed for it."
                       % python["path"], python=python["path"], fix=venv_fix())
    return None


# ================================================================================= package index

# Runs beside a pip: tells the configured index and whether it answers within 3 seconds.
INDEX_FACTS = r"""
import json, os, ssl, sys, urllib.request, urllib.error
package, wheel = sys.argv[1:3]
if wheel:
    sys.path.insert(0, wheel)
settings = {}
default = None
try:
    from pip._internal.configuration import Configuration
    from pip._internal.models.index import PyPI
    default = PyPI.simple_url
    configuration = Configuration(isolated=False)
    configuration.load()
    for name in ("index-url", "cert", "find-links", "no-index"):
        for section in (":env:", "download", "global"):
            try:
                settings[name] = configuration.get_value(section + "." + name)
                break
            except Exception:
                pass
except Exception as error:
    settings["error"] = str(error)
index = os.environ.get("PIP_INDEX_URL") or settings.get("index-url") or default
reachable, detail = None, ""
if index and str(settings.get("no-index", "")).lower() not in ("1", "true", "yes"):
    context = ssl.create_default_context()
    try:
        if settings.get("cert"):
            context.load_verify_locations(settings["cert"])
        else:
            from pip._vendor import certifi
            context.load_verify_locations(certifi.where())
    except Exception:
        pass
    try:
        urllib.request.urlopen(urllib.request.Request(index.rstrip("/") + "/" + package + "/",
            headers={"User-Agent": "slipway"}), timeout=3, context=context).read(1)
        reachable = True
    except urllib.error.HTTPError as error:
        reachable, detail = error.code < 500, "HTTP status %d" % error.code
    except Exception as error:
        reachable, detail = False, str(getattr(error, "reason", error))
print("INDEX" + json.dumps({"index": index, "reachable": reachable, "detail": detail,
                            "local": bool(settings.get("find-links"))}))
"""


def configured_index():
    """The index address that the user set for pip (environment or configuration file), or None."""
    address = os.environ.get("PIP_INDEX_URL")
    if address:
        return address
    import configparser
    home = os.path.expanduser("~")
    places = [os.environ.get("PIP_CONFIG_FILE"), home + "/.config/pip/pip.conf", home + "/.pip/pip.conf",
              home + "/Library/Application Support/pip/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/pip.conf"]
    for place in places:
        parser = configparser.RawConfigParser()
        try:
            if place and parser.read(place) and parser.has_option("global", "index-url"):
                return parser.get("global", "index-url")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
    return None


def index_facts(pythons, engine_python):
    """{index, reachable, detail, local} as pip is configured; reachable is None if not known."""
    unknown = {"index": configured_index(), "reachable": None, "detail": "", "local": False}
    commands = pip_commands(pythons, engine_python) if engine_python else []
    if not commands:
        return unknown
    command = commands[0][0]
    wheel = "" if command[1] == "-m" else os.path.dirname(command[1])
    status, text = run_text([command[0], "-c", INDEX_FACTS, PACKAGE, wheel], 5)
    for line in text.splitlines() if status == 0 else ():
        if line.startswith("INDEX"):
            return json.loads(line[5:])
    if status is None:
        unknown.update(reachable=False, detail="no answer within 5 seconds")
    return unknown


def hide_credentials(address):
    """An address without user, password and query, fit for logs."""
    try:
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname or ""
        if parts.port:
            host += ":%d" % parts.port
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return "(invalid address)"


# ======================================================================================== engine

def installed_engine(layout):
    """{python, site, version, sha256} of a complete engine directory that still works, or None."""
    found = read_json(os.path.join(layout.engine, "ok.json"))
    if not found or found.get("version") != ENGINE_VERSION:
        return None
    # An update of the system may take away the interpreter that the engine was made with.
    python = found.get("python")
    if not isinstance(python, str) or not os.access(python, os.X_OK):
        return None
    if os.path.realpath(python) != found.get("python_realpath") or not os.path.isdir(str(found.get("site"))):
        return None
    return found


def wheel_engine(found, seconds):
    return {"kind": "llama_cpp", "source": "wheel", "version": ENGINE_VERSION, "python": found["python"],
            "site": found["site"], "sha256": found["sha256"], "seconds": round(seconds, 3)}


def binary_engine(binary):
    """The engine record of a llama-server that the host already has."""
    if not os.path.isabs(binary) or not os.path.isfile(binary) or not os.access(binary, os.X_OK):
        raise Failure("engine_install_failed", "There is no program %s on the host." % binary,
                      detail="not an executable file: " + binary)
    version = llama_server_version(binary)
    if version is None:
        raise Failure("engine_install_failed", "%s does not run." % binary,
                      detail=run_text([binary, "--version"], 10)[1][-500:])
    # Builds differ in what they accept; an unknown option would end the server.
    known = run_text([binary, "--help"], 10)[1]
    options = [name for name in ("--slots", "--metrics", "--jinja", "--kv-unified", "--cache-ram", "--no-webui")
               if re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(name), known)]
    return {"kind": "llama_cpp", "source": "binary", "version": version, "python": None, "binary": binary,
            "options": options, "seconds": 0.0}


class EnginePlan:
    """Decides which engine to use and checks, before anything is written, that it can be had."""

    def __init__(self, params, layout, practice):
        engine = object_param(params, "engine", {})
        if engine.get("kind", "llama_cpp") != "llama_cpp":
            raise bad_param("engine.kind", "llama_cpp")
        source = engine.get("source", "auto")
        if source not in ("auto", "wheel", "binary"):
            raise bad_param("engine.source", "auto, wheel or binary")
        binary = text_param(engine, "binary")
        self.layout = layout
        self.pythons = []
        self.python = None
        self.binary = None
        self.installed = None
        if source == "binary":
            self.binary = binary or find_llama_server()
            if not self.binary:
                raise Failure("engine_install_failed", "There is no llama-server on the host.",
                              detail="llama-server was not found on PATH")
        elif source == "auto" and not practice and find_llama_server() and gpu_facts():
            self.binary = find_llama_server()
        if self.binary:
            return
        self.installed = installed_engine(layout)
        if self.installed:
            return
        self.pythons = find_pythons(text_param(params, "python"))
        failure = wheel_failure(self.pythons)
        if failure and source == "auto" and find_llama_server():
            OUT.log("%s Using the llama-server of the host." % failure, "warn")
            self.binary = find_llama_server()
        elif failure:
            raise failure
        else:
            self.python = engine_python_of(self.pythons)

    def needed_bytes(self):
        return ENGINE_DISK_BYTES if self.python else 0

    def carry_out(self):
        """(engine record, whether something was installed)."""
        if self.binary:
            return binary_engine(self.binary), False
        begun = time.monotonic()
        if self.installed:
            return wheel_engine(self.installed, 0.0), False
        install_wheel(self.layout, self.python, self.pythons)
        return wheel_engine(installed_engine(self.layout), time.monotonic() - begun), True


def wheel_failure(pythons):
    """The first reason why the wheel cannot be used on this host, or None."""
    failure = platform_failure()
    if failure:
        return failure
    missing = cpu_facts()["missing"]
    if missing:
        return Failure("cpu_unsupported", "The processor of the host lacks %s, which the engine needs."
                       % ", ".join(missing), missing=",".join(missing))
    return engine_python_failure(pythons, configured_index()) or libraries_failure()


def libraries_failure():
    libraries = missing_libraries()
    if libraries:
        return Failure("libgomp_missing", "The host lacks %s, which the engine needs." % ", ".join(libraries),
                       libraries=",".join(libraries), fix=libgomp_fix())
    return None


def install_wheel(layout, python, pythons):
    """Makes the engine directory under a temporary name and renames it once the engine imports."""
    layout.make(layout.engines)
    temporary = os.path.join(layout.engines, ".tmp-%d" % os.getpid())
    try:
        os.mkdir(temporary, 0o700)
        home = os.path.join(temporary, "home")
        OUT.log("Making a virtual environment with %s (Python %s)." % (python["path"], version_text(python["version"])))
        site = make_environment(python, home)
        wheel = fetch_wheel(os.path.join(temporary, "download"), python, pythons)
        OUT.log("The engine's sha256 is right. Unpacking it.")
        unpack_wheel(wheel, site)
        shutil.rmtree(os.path.dirname(wheel))
        # A virtual environment moves well as long as its interpreter is called by path.
        final_python = os.path.join(home, "bin", "python")
        if not os.path.exists(final_python):
            final_python = python["path"]
        test_import(final_python, site)
        write_json(os.path.join(home, "ok.json"), {
            "version": ENGINE_VERSION, "python": final_python.replace(home, layout.engine, 1),
            "site": site.replace(home, layout.engine, 1), "python_realpath": os.path.realpath(final_python),
            "sha256": this_wheel()[2], "created_at": utc_text(time.time())})
        if os.path.lexists(layout.engine):
            os.rename(layout.engine, os.path.join(temporary, "old"))
        os.rename(home, layout.engine)
    except OSError as error:
        raise os_failure(error, layout.engines, ENGINE_DISK_BYTES) or error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def this_wheel():
    return WHEELS[platform.system(), platform.machine()]


def make_environment(python, home):
    """A virtual environment in home, or a bare folder for a Python without venv; its package folder."""
    if python["venv"]:
        # Without pip: that needs no ensurepip, is fast, and pip is not needed inside.
        status, text = run_text([python["path"], "-m", "venv", "--without-pip", home], 60)
        packages = glob.glob(os.path.join(home, "lib", "python3*", "site-packages"))
        if status == 0 and packages:
            return packages[0]
        if "No space left" in text:
            raise disk_full(home, ENGINE_DISK_BYTES)
        OUT.log("%s -m venv failed, using a plain folder: %s" % (python["path"], text.strip()[-300:]), "warn")
        shutil.rmtree(home, ignore_errors=True)
    site = os.path.join(home, "site")
    os.makedirs(site, mode=0o700)
    return site


def fetch_wheel(folder, python, pythons):
    """Downloads the pinned wheel through the host's pip, or from the configured index; its path."""
    name, _, expected, size = this_wheel()
    failure = None
    for command, own in pip_commands(pythons, python):
        os.makedirs(folder)
        OUT.log("Fetching the engine with %s." % " ".join(command))
        try:
            download_with_pip(command, own, folder)
        except Failure as error:
            if error.code in ("hash_mismatch", "disk_full", "no_index_reachable"):
                raise
            OUT.log("%s could not fetch the engine: %s" % (" ".join(command), error.params["detail"]), "warn")
            failure = error
            shutil.rmtree(folder)
            continue
        found = glob.glob(os.path.join(folder, PACKAGE + "-*.whl"))
        if found:
            check_hash(found[0], expected, "engine")
            OUT.progress("engine", name, size, size, force=True)
            return found[0]
        failure = Failure("engine_install_failed", "pip fetched nothing.", detail="no wheel in the download folder")
        shutil.rmtree(folder)
    index = configured_index()
    if index is None:
        raise failure or engine_python_failure(pythons, None)
    os.makedirs(folder)
    OUT.log("Fetching the engine from the configured package index.")
    return download_from_index(index, os.path.join(folder, name), expected, size)


def download_with_pip(command, own, folder):
    """`pip download` with hashes; the bytes in its temporary folder are the progress."""
    name, tag, expected, size = this_wheel()
    requirements = os.path.join(folder, "requirements.txt")
    with open(requirements, "w") as out:
        out.write("%s==%s --hash=sha256:%s\n" % (PACKAGE, ENGINE_VERSION, expected))
    arguments = ["download", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-deps",
                 "--only-binary=:all:", "--require-hashes", "--retries", "2", "--timeout", "15",
                 "--progress-bar", "off", "-d", folder, "-r", requirements]
    if not own:
        arguments += ["--platform", tag, "--implementation", "cp", "--abi", "abi3",
                      "--python-version", "".join(str(part) for part in ENGINE_PYTHON)]
    environment = dict(os.environ, TMPDIR=folder, PIP_REQUIRE_VIRTUALENV="0", PYTHONDONTWRITEBYTECODE="1",
                       PYTHONWARNINGS="ignore", LC_ALL="C.UTF-8")
    output = os.path.join(folder, "pip.log")
    with open(output, "wb") as log:
        process = subprocess.Popen(command + arguments, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, env=environment, cwd=folder,
                                   start_new_session=True)
        try:
            while process.poll() is None:
                OUT.progress("engine", name, min(size, tree_bytes(folder)), size)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode != 0:
        with open(output, encoding="utf-8", errors="replace") as log:
            raise pip_failure(log.read(), expected, folder)


def pip_failure(text, expected, folder):
    """Understands why pip failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    detail = "\n".join([line for line in lines if "ERROR" in line or "error" in line][-5:] or lines[-5:])
    got = re.search(r"Got\s+([0-9a-f]{64})", text)
    if "DO NOT MATCH THE HASHES" in text or got:
        return hash_mismatch("engine", expected, got.group(1) if got else "")
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return disk_full(folder, ENGINE_DISK_BYTES)
    if re.search(r"NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|ProxyError|SSLError|NameResolution"
                 r"|connection broken|ConnectionResetError|Could not fetch URL|timed out", text):
        reason = [line for line in lines if "rror" in line]
        return no_index(reason[0] if reason else detail)
    return Failure("engine_install_failed", "The engine could not be installed: %s" % (detail or "pip failed"),
                   detail=detail or "pip failed without a word")


def no_index(detail):
    return Failure("no_index_reachable", "The host cannot reach its Python package index.", detail=detail[-500:])


def hash_mismatch(what, expected, actual):
    return Failure("hash_mismatch", "The %s is not the expected file: its sha256 is %s instead of %s."
                   % (what, actual or "another", expected), what=what, expected=expected, actual=actual)


class LinkParser(html.parser.HTMLParser):
    """Collects the links of an index page."""

    def __init__(self):
        html.parser.HTMLParser.__init__(self)
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links += [value for key, value in attrs if key == "href" and value]


def download_from_index(index, path, expected, size):
    """The wheel from a simple index page, for hosts without any pip."""
    name = os.path.basename(path)
    page_address = index.rstrip("/") + "/" + PACKAGE + "/"
    try:
        with open_url(page_address, {}) as page:
            parser = LinkParser()
            parser.feed(page.read(8 * 1024 * 1024).decode("utf-8", "replace"))
            base = page.geturl()
        links = [link for link in parser.links
                 if urllib.parse.unquote(urllib.parse.urlsplit(link).path).endswith("/" + name)
                 or urllib.parse.unquote(link.split("#")[0]) == name]
        if not links:
            raise Failure("engine_install_failed", "The package index does not offer %s." % name,
                          detail="not on the index page: " + name)
        with open_url(urllib.parse.urljoin(base, links[0].split("#")[0]), {}) as source, open(path, "wb") as out:
            done = 0
            while True:
                block = source.read(256 * 1024)
                if not block:
                    break
                out.write(block)
                done += len(block)
                OUT.progress("engine", name, done, size)
    except (urllib.error.URLError, http.client.HTTPException, socket.timeout, ConnectionError, ssl.SSLError) as error:
        raise no_index(str(getattr(error, "reason", error)))
    check_hash(path, expected, "engine")
    return path


def check_hash(path, expected, what):
    actual = file_sha256(path, None)
    if actual != expected:
        raise hash_mismatch(what, expected, actual)


def unpack_wheel(wheel, site):
    """Unpacks the (already verified) wheel; it is pure packages, so this is all that pip would do."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            OUT.check()
            archive.extract(entry, site)


def test_import(python, site):
    """Imports the engine as it will be run; names the usual reasons for a failure."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import xllamacpp; xllamacpp.CommonParams()"
    status, text = run_text([python, "-I", "-B", "-c", code, site], 60)
    if status == 0:
        return
    detail = text.strip()[-500:] or "exit status %s" % status
    if "libgomp" in detail or "libstdc++.so.6: cannot open" in detail:
        raise Failure("libgomp_missing", "The host lacks libgomp, which the engine needs.", fix=libgomp_fix())
    if "GLIBC_" in detail:
        raise Failure("glibc_too_old", "The C library of the host is too old for the engine.",
                      found=libc_text(), needed=detail)
    if "failed to map segment" in detail:
        raise Failure("noexec", "%s is on a file system where programs may not run." % site, path=site)
    if status == -signal.SIGILL:
        raise Failure("cpu_unsupported", "The processor of the host lacks instructions that the engine needs.",
                      missing="unknown")
    raise Failure("engine_install_failed", "The engine was fetched but does not load.", detail=detail)


# ========================================================================================== GGUF

# Bytes per block and values per block of each tensor type of GGUF.
GGML_TYPES = {
    0: (4, 1), 1: (2, 1), 2: (18, 32), 3: (20, 32), 6: (22, 32), 7: (24, 32), 8: (34, 32), 9: (36, 32),
    10: (84, 256), 11: (110, 256), 12: (144, 256), 13: (176, 256), 14: (210, 256), 15: (292, 256),
    16: (66, 256), 17: (74, 256), 18: (98, 256), 19: (50, 256), 20: (18, 32), 21: (110, 256),
    22: (82, 256), 23: (136, 256), 24: (1, 1), 25: (2, 1), 26: (4, 1), 27: (8, 1), 28: (8, 1),
    29: (56, 256), 30: (2, 1), 34: (54, 256), 35: (66, 256), 39: (17, 32),
}
GGUF_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?",
                10: "<Q", 11: "<q", 12: "<d"}


LONGEST_GGUF_TEXT = 64 * 1024 * 1024


class GgufReader:
    """Reads the header of a GGUF file: metadata, and how long the file has to be."""

    def __init__(self, path):
        self.path = path
        self.metadata = {}
        self.expected_bytes = 0

    def read(self):
        try:
            size = os.stat(self.path).st_size
            if not os.path.isfile(self.path):
                raise Failure("model_not_gguf", "%s is not a file." % self.path, path=self.path)
            with open(self.path, "rb") as self.source:
                self.size = size
                self.header()
        except (FileNotFoundError, NotADirectoryError):
            raise Failure("model_not_found", "There is no model file %s on the host." % self.path, path=self.path)
        except PermissionError:
            raise Failure("model_not_found", "The model file %s may not be read." % self.path, path=self.path)
        except (EOFError, struct.error):
            raise self.truncated(size + 1)
        if size < self.expected_bytes:
            raise self.truncated(self.expected_bytes)
        return self

    def truncated(self, expected):
        return Failure("model_truncated", "The model file %s is cut: it has %s of at least %s."
                       % (self.path, size_text(self.size), size_text(expected)),
                       path=self.path, expected=expected, actual=self.size)

    def bad(self):
        return Failure("model_not_gguf", "%s is not a GGUF model file." % self.path, path=self.path)

    def header(self):
        magic = self.source.read(4)
        if magic != b"GGUF":
            raise self.bad()
        version, tensors, pairs = struct.unpack("<IQQ", self.take(20))
        if version not in (2, 3) or tensors > 1000000 or pairs > 1000000:
            raise self.bad()
        for _ in range(pairs):
            key = self.text()
            value = self.value(self.number("<I"))
            if value is not None:
                self.metadata[key] = value
        ends = [0]
        for _ in range(tensors):
            self.text()
            dimensions = self.number("<I")
            if dimensions > 8:
                raise self.bad()
            count = 1
            for _ in range(dimensions):
                count *= self.number("<Q")
            kind, offset = struct.unpack("<IQ", self.take(12))
            block_bytes, block_values = GGML_TYPES.get(kind, (0, 1))
            ends.append(offset + count * block_bytes // block_values)
        alignment = self.metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise self.bad()
        start = self.source.tell()
        self.expected_bytes = start + (-start % alignment if tensors else 0) + max(ends)

    def take(self, count):
        if count > self.size:
            raise EOFError
        data = self.source.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self):
        length = self.number("<Q")
        if length > LONGEST_GGUF_TEXT:
            raise self.bad()
        return self.take(length).decode("utf-8", "replace")

    def skip(self, count):
        if self.source.tell() + count > self.size:
            raise EOFError
        self.source.seek(count, os.SEEK_CUR)

    def value(self, kind):
        """A scalar or text; arrays are skipped and give None."""
        if kind in GGUF_SCALARS:
            return self.number(GGUF_SCALARS[kind])
        if kind == 8:
            return self.text()
        if kind != 9:
            raise self.bad()
        inner, count = struct.unpack("<IQ", self.take(12))
        if count > self.size:
            raise EOFError
        if inner in GGUF_SCALARS:
            self.skip(count * struct.calcsize(GGUF_SCALARS[inner]))
        elif inner == 8:
            for _ in range(count):
                self.skip(self.number("<Q"))
        else:
            raise self.bad()
        return None


def gguf_facts(path):
    """{name, architecture, context_train} of a complete GGUF file; all parts of a split one."""
    metadata = GgufReader(path).read().metadata
    for part in model_files(path)[1:]:
        GgufReader(part).read()
    architecture = metadata.get("general.architecture")
    context = metadata.get("%s.context_length" % architecture)
    name = metadata.get("general.name")
    return {"name": name if isinstance(name, str) and name else None,
            "architecture": architecture if isinstance(architecture, str) else None,
            "context_train": context if isinstance(context, int) else None}


def model_files(path):
    """The file, or all the parts of a model that is split over several."""
    split = re.match(r"(.*)-00001-of-(\d{5})\.gguf\Z", path)
    if not split:
        return [path]
    return ["%s-%05d-of-%s.gguf" % (split.group(1), part, split.group(2)) for part in range(1, int(split.group(2)) + 1)]


def model_label(path):
    """The name under which the engine serves a file: without folder, ending and part number."""
    stem = re.sub(r"(?i)\.gguf\Z", "", os.path.basename(path))
    return re.sub(r"-00001-of-\d{5}\Z", "", stem) or "model"


def file_sha256(path, stage):
    """The sha256 of a file in hex; with progress when a stage is given."""
    digest = hashlib.sha256()
    size = os.stat(path).st_size
    done = 0
    with open(path, "rb") as source:
        while True:
            block = source.read(1024 * 1024)
            if not block:
                return digest.hexdigest()
            digest.update(block)
            done += len(block)
            if stage:
                OUT.progress(stage, os.path.basename(path), done, size)


# ========================================================================================= model

class ModelPlan:
    """Decides where the model comes from and checks, before anything is written, what it can."""

    def __init__(self, params, layout, previous):
        self.model = object_param(params, "model", {"kind": "practice"})
        self.layout = layout
        self.previous = (previous or {}).get("model") or {}
        self.kind = self.model.get("kind")
        self.sha256 = sha256_param(self.model)
        self.url = None
        if self.kind == "practice":
            self.path = os.path.join(layout.models, "practice.gguf")
        elif self.kind in ("path", "uploaded"):
            self.path = text_param(self.model, "path")
            if self.path is None:
                raise bad_param("model.path", "the path of a file")
            self.path = os.path.normpath(os.path.expanduser(self.path))
            if not os.path.isabs(self.path):
                raise Failure("model_not_found", "The model path %s is not absolute." % self.path, path=self.path)
        elif self.kind == "url":
            self.url = check_url(self.model.get("url"))
            name = os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(self.url).path))
            name = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-120:] or "model"
            folder = hashlib.sha256(self.url.encode("utf-8")).hexdigest()[:8]
            self.path = os.path.join(layout.models, folder,
                                     name if name.lower().endswith(".gguf") else name + ".gguf")
        else:
            raise bad_param("model.kind", "practice, path, uploaded or url")

    def unchanged(self):
        """The record of the last install if the same file is still there, untouched."""
        record = self.previous
        if record.get("kind") != self.kind or record.get("path") != self.path:
            return None
        expected = practice_model().SHA256 if self.kind == "practice" else self.sha256
        if expected and record.get("sha256") != expected:
            return None
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        if found.st_size != record.get("bytes") or found.st_mtime_ns != record.get("mtime_ns"):
            return None
        return record

    def check(self):
        """What can be known about the model without the network; raises a Failure."""
        if self.kind in ("path", "uploaded") and not self.unchanged():
            gguf_facts(self.path)

    def discard_upload(self):
        """Removes an upload that is no model; a file elsewhere is the user's own."""
        if self.kind == "uploaded" and os.path.dirname(self.path) == self.layout.models:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def needed_bytes(self):
        return 4 * 1000 * 1000 if self.kind == "practice" and not self.unchanged() else 0

    def carry_out(self):
        """(model record, whether a file was made or fetched)."""
        record = self.unchanged()
        if record:
            return record, False
        fetched = False
        digest = None
        if self.kind == "practice":
            digest, fetched = self.write_practice(), True
        elif self.kind == "url":
            digest, fetched = self.fetch()
        elif self.sha256:
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
                  "practice": practice}
        if self.url:
            record["url"] = hide_credentials(self.url)
        return record, fetched

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
            download.run()
            digest = file_sha256(download.path, "verify_file")
            if self.sha256 and digest != self.sha256:
                raise hash_mismatch("model", self.sha256, digest)
            try:
                GgufReader(download.path).read()
            except Failure as error:
                raise Failure(error.code, str(error).replace(".part", ""),
                              **dict(error.params, path=hide_credentials(self.url)))
            os.replace(download.path, self.path)
            download.forget()
        except Cancelled as cancelled:
            download.settle(keep=cancelled.resume)
            raise
        except Failure as failure:
            download.settle(keep=failure.code == "model_unreachable")
            raise
        except OSError as error:
            download.settle(keep=False)
            raise os_failure(error, self.path, download.total or 0) or error
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return digest, True


def practice_model():
    """The module beside this script that writes the practice model."""
    folder = os.path.dirname(script_path())
    if folder not in sys.path:
        sys.path.insert(0, folder)
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
        if re.search(r"[\x00-\x20\x7f]", url):
            raise failure
        parts.port
    except (ValueError, TypeError, AttributeError):
        raise failure
    return url


def open_url(url, headers):
    request = urllib.request.Request(url, headers=dict({"User-Agent": "slipway", "Accept-Encoding": "identity"},
                                                       **headers))
    return urllib.request.urlopen(request, timeout=30)


class Download:
    """One file over HTTP, into a .part file that a later run resumes if the server's file is the same."""

    ATTEMPTS = 5
    # An address that never gave a byte is more likely wrong than busy.
    ATTEMPTS_AT_FIRST = 2

    def __init__(self, url, path):
        self.url = url
        self.path = path
        self.notes = path + ".json"
        self.shown = hide_credentials(url)
        self.total = None

    def forget(self):
        for path in (self.path, self.notes):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def settle(self, keep):
        """After a failure: keeps a partial file that the next run can resume, else nothing."""
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
        if have and not validator:
            self.forget()
            have = 0
        if have and have == notes.get("total"):
            # Complete, but the last run was ended before the check.
            return True
        headers = {"Range": "bytes=%d-" % have, "If-Range": validator} if have else {}
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
            if done == 0 and not b"GGUF".startswith(block[:4]) and block[:4] != b"GGUF":
                # Most often a web page: found after the first bytes, not after gigabytes.
                self.forget()
                raise Failure("model_not_gguf", "%s is not a GGUF model file." % self.shown, path=self.shown)
            out.write(block)
            done += len(block)
            OUT.progress("model", name, done, self.total)
        if self.total is not None and done < self.total:
            return False
        OUT.progress("model", name, done, self.total, force=True)
        return True


# ==================================================================================== deployment

def script_path():
    try:
        return os.path.abspath(__file__)
    except NameError:
        raise Failure("script_failed", "This subcommand needs the script as a file.", detail="run from stdin")


def wanted_settings(params):
    """The engine's settings as asked for."""
    return {"context_size": int_param(params, "context_size", 256, 16 * 1024 * 1024),
            "parallel": int_param(params, "parallel", 1, 256, 4),
            "threads": int_param(params, "threads", 1, 1024),
            "gpu_layers": int_param(params, "gpu_layers", 0, 10000)}


def launch_parameters(settings, model):
    """The engine's settings with the defaults filled in."""
    train = model["context_train"] or 4096
    context = settings["context_size"]
    if context and context > train:
        OUT.log("The context of %d tokens was lowered to the %d that the model was made for."
                % (context, train), "warn")
        context = train
    # The tiny model is much slower when threads wait for each other.
    return dict(settings, context_size=context or min(train, DEFAULT_CONTEXT),
                threads=settings["threads"] or (1 if model["practice"] else None))


def manifest_id(manifest):
    """Identifies what a start would run, so that a running engine can be compared with it."""
    engine = {key: value for key, value in manifest["engine"].items() if key != "seconds"}
    text = json.dumps([engine, manifest["model"], manifest["parameters"]], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def read_manifest(layout):
    manifest = read_json(layout.manifest)
    if manifest and all(isinstance(manifest.get(key), dict) for key in ("engine", "model", "parameters")):
        return manifest
    return None


def need_manifest(layout):
    manifest = read_manifest(layout)
    if manifest is None:
        raise Failure("not_deployed", "Nothing is deployed on this host under the name %s." % layout.name)
    return manifest


def running_supervisor(layout):
    """(pid, start time) of the live supervisor, or None. A foreign process with its pid does not count."""
    try:
        with open(layout.pidfile) as source:
            words = source.read().split()
        pid, started = int(words[0]), words[1]
    except (OSError, ValueError, IndexError):
        return None
    return (pid, started) if is_running(pid, started) else None


def log_lines(layout, count):
    """The last lines of the engine's log, across its rotation."""
    lines = collections.deque(maxlen=count)
    for path in (layout.engine_log + ".1", layout.engine_log):
        try:
            with open(path, "rb") as source:
                source.seek(0, os.SEEK_END)
                source.seek(max(0, source.tell() - 2048 * count))
                for line in source.read().decode("utf-8", "replace").splitlines():
                    lines.append(line[:2000])
        except OSError:
            continue
    return list(lines)


def status_of(layout):
    manifest = read_manifest(layout)
    state = read_json(layout.state) or {}
    supervisor = running_supervisor(layout)
    name = state.get("state", "starting")
    if not supervisor and name != "crashed":
        name = "stopped"
    if manifest is None and not supervisor:
        name = "absent"
    engine_alive = is_running(state.get("engine_pid"), state.get("engine_start"))
    return {"deployed": manifest is not None, "state": name,
            "port": state.get("port") if supervisor else None, "last_port": state.get("port"),
            "pid": supervisor[0] if supervisor else None,
            "engine_pid": state.get("engine_pid") if engine_alive else None,
            "restarts": state.get("restarts", 0), "since": state.get("since"),
            "last_exit": state.get("last_exit"),
            "model": manifest["model"] if manifest else None,
            "engine": manifest["engine"] if manifest else None, "manifest": manifest,
            "api_key_path": layout.api_key if manifest else None, "log_tail": log_lines(layout, 20)}


def stop_engine(layout):
    """Ends supervisor and engine, politely and then not; whether one was running."""
    supervisor = running_supervisor(layout)
    if supervisor:
        pid, started = supervisor
        signal_process(pid, signal.SIGTERM)
        if not wait_gone(pid, started, STOP_GRACE_S):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            wait_gone(pid, started, 2)
    state = read_json(layout.state) or {}
    engine = (state.get("engine_pid"), state.get("engine_start"))
    orphan = is_running(*engine)
    if orphan:
        signal_process(engine[0], signal.SIGKILL)
        wait_gone(engine[0], engine[1], 2)
    with contextlib.suppress(OSError):
        os.unlink(layout.pidfile)
    if os.path.isdir(layout.run) and state.get("state") not in (None, "stopped"):
        write_json(layout.state, dict(state, state="stopped", engine_pid=None, engine_start=None, since=time.time()))
    return bool(supervisor or orphan)


# ==================================================================================== supervisor

class EngineLog:
    """The engine's output in a file of bounded size; the file before it is kept as .1."""

    def __init__(self, path, limit):
        self.path = path
        self.limit = limit
        self.out = open(path, "ab", 0)
        self.size = os.fstat(self.out.fileno()).st_size

    def write(self, data):
        try:
            if self.size and self.size + len(data) > self.limit:
                self.out.close()
                os.replace(self.path, self.path + ".1")
                self.out = open(self.path, "wb", 0)
                self.size = 0
            self.out.write(data)
            self.size += len(data)
        except OSError:
            # A full disk must not take the engine down.
            if self.out.closed:
                self.out = open(os.devnull, "ab", 0)

    def note(self, text):
        self.write(("[slipway %s] %s\n" % (utc_text(time.time()), text)).encode("utf-8"))


def crash_reason(lines, status):
    """What the last words of an engine mean: a short stable name, or ""."""
    text = "\n".join(lines)
    if re.search(r"out of memory|failed to allocate|unable to allocate|bad_alloc|Cannot allocate memory", text, re.I):
        return "out_of_memory"
    if re.search(r"couldn't bind|Address already in use", text):
        return "port"
    if re.search(r"No such file or directory|failed to open", text) and "gguf" in text.lower():
        return "missing_model"
    if re.search(r"failed to load model|error loading model|invalid magic|corrupted or incomplete", text):
        return "bad_model"
    return "killed" if status == -signal.SIGKILL else ""


REASON_TEXT = {
    "out_of_memory": "it ran out of memory",
    "port": "its port was taken by another program",
    "missing_model": "the model file is missing",
    "bad_model": "it cannot load this model file",
    "killed": "it was killed, perhaps because the host ran out of memory",
    "": "see the log",
}


def exit_text(status):
    if status is not None and status < 0:
        try:
            return "signal %s" % signal.Signals(-status).name
        except ValueError:
            return "signal %d" % -status
    return "exit status %s" % status


class Supervisor:
    """Runs the engine as its child, restarts it with back-off, keeps the log and the state file."""

    def __init__(self, params):
        self.layout = Layout(params)
        self.launch = read_json(self.layout.launch)
        self.manifest = self.launch["manifest"]
        self.log = EngineLog(self.layout.engine_log, self.launch["log_bytes"])
        self.tail = collections.deque(maxlen=200)
        self.partial = b""
        self.stopping = False
        self.child = None
        self.watch = None
        self.ready_at = None
        self.selector = selectors.DefaultSelector()
        self.state = {"state": "starting", "engine_pid": None, "engine_start": None, "port": self.launch["port"],
                      "restarts": 0, "last_exit": None, "since": time.time(), "pid": os.getpid(),
                      "load_seconds": None}

    def run(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        wake, wake_writer = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer)
        self.selector.register(wake, selectors.EVENT_READ, "wake")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.save(state="starting")
        try:
            self.keep_alive()
        except BaseException as error:
            self.log.note("the supervisor failed: %r" % error)
            self.end_child()
            self.save(state="crashed", engine_pid=None, engine_start=None)
            raise
        finally:
            with contextlib.suppress(OSError):
                os.unlink(self.layout.pidfile)

    def on_stop(self, *_):
        self.stopping = True

    def save(self, **changes):
        if changes.get("state", self.state["state"]) != self.state["state"]:
            changes["since"] = time.time()
        self.state.update(changes)
        with contextlib.suppress(OSError):
            write_json(self.layout.state, self.state)

    def keep_alive(self):
        failures = 0
        backoff = BACKOFF_FIRST_S
        while not self.stopping:
            begun = time.monotonic()
            self.tail.clear()
            self.spawn()
            status = self.attend(begun)
            if self.stopping:
                break
            lasted = time.monotonic() - begun
            reason = crash_reason(self.tail, status)
            self.log.note("the engine ended with %s after %.1f s" % (exit_text(status), lasted))
            self.save(state="starting", engine_pid=None, engine_start=None, last_exit={
                "status": status, "text": exit_text(status), "reason": reason, "at": time.time(),
                "seconds": round(lasted, 1), "log": list(self.tail)[-20:]})
            if lasted > STABLE_AFTER_S:
                failures, backoff = 0, BACKOFF_FIRST_S
            failures += 1
            if failures >= FAST_FAILURES or reason in ("missing_model", "bad_model") and self.ready_at is None:
                self.log.note("giving up: %s" % REASON_TEXT[reason])
                self.save(state="crashed")
                return
            self.log.note("restarting in %.1f s" % backoff)
            self.pump(backoff)
            backoff = min(BACKOFF_LONGEST_S, backoff * 2)
            if not self.stopping:
                self.save(restarts=self.state["restarts"] + 1)
        self.end_child()
        self.log.note("stopped")
        self.save(state="stopped", engine_pid=None, engine_start=None)

    def spawn(self):
        port = choose_port(self.state["port"])
        engine = self.manifest["engine"]
        serve = {"marker": "internal", "root": self.layout.root, "deployment": self.layout.name, "port": port,
                 "manifest": self.manifest, "supervisor": os.getpid(), "watch": self.launch["watch"]}
        reader, self.watch = os.pipe()
        serve["watch_fd"] = reader
        write_json(self.layout.serve, serve)
        python = engine["python"] or sys.executable
        try:
            self.child = subprocess.Popen(
                [python, "-I", "-B", script_path(), "serve", "--params", self.layout.serve],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                pass_fds=(reader,))
        finally:
            os.close(reader)
        os.set_blocking(self.child.stdout.fileno(), False)
        self.selector.register(self.child.stdout, selectors.EVENT_READ, "log")
        self.save(state="starting", port=port, engine_pid=self.child.pid, engine_start=start_time(self.child.pid),
                  load_seconds=None)

    def attend(self, begun):
        """Carries the log and watches /health until the engine ends; its exit status."""
        pause = 0.02
        while self.child.poll() is None and not self.stopping:
            if self.state["state"] != "ready":
                health = ask_health(self.state["port"])
                if health == "ready" and self.child.poll() is None:
                    self.ready_at = time.monotonic()
                    self.save(state="ready", load_seconds=round(self.ready_at - begun, 3))
                elif health == "loading" and self.state["state"] != "loading":
                    self.save(state="loading")
                self.pump(pause)
                pause = min(0.5, pause * 1.3)
            else:
                self.pump(3600)
        if self.stopping:
            return None
        self.drain()
        return self.child_gone()

    def pump(self, seconds):
        """Moves output to the log until the time is over, the engine ends or a stop is asked."""
        deadline = time.monotonic() + seconds
        while not self.stopping:
            left = deadline - time.monotonic()
            for key, _ in self.selector.select(max(0.0, left)):
                if key.data == "wake":
                    with contextlib.suppress(BlockingIOError):
                        os.read(key.fd, 4096)
                else:
                    self.read_output()
            if left <= 0 or (self.child and self.child.poll() is not None):
                return

    def read_output(self):
        """One block of output; False at its end."""
        try:
            data = os.read(self.child.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self.selector.unregister(self.child.stdout)
            return False
        self.log.write(data)
        lines = (self.partial + data).split(b"\n")
        self.partial = lines.pop()[-4096:]
        self.tail.extend(line.decode("utf-8", "replace")[:1000] for line in lines if line.strip())
        return True

    def drain(self):
        while self.read_output():
            pass
        if self.partial:
            self.tail.append(self.partial.decode("utf-8", "replace")[:1000])
            self.partial = b""

    def child_gone(self):
        """Frees what belonged to the ended child; its exit status."""
        with contextlib.suppress(KeyError):
            self.selector.unregister(self.child.stdout)
        self.child.stdout.close()
        os.close(self.watch)
        status, self.child, self.watch = self.child.returncode, None, None
        return status

    def end_child(self):
        if self.child is None:
            return
        if self.child.poll() is None:
            self.child.terminate()
            deadline = time.monotonic() + ENGINE_GRACE_S
            while self.child.poll() is None and time.monotonic() < deadline:
                self.read_output()
                time.sleep(0.01)
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        self.drain()
        self.child_gone()


def choose_port(wanted):
    """The wanted port if it is free, else any free one, on 127.0.0.1."""
    for port in (wanted, 0) if wanted else (0,):
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Failure("port_unavailable", "No free port was found on the host.", port=wanted or "any")


def ask_health(port):
    """"ready", "loading" or "" as the engine's /health says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return {200: "ready", 503: "loading"}.get(status, "")


def spawn_supervisor(layout, manifest, params):
    """Starts the supervisor in a session of its own, so that it survives the SSH logout."""
    layout.make(layout.run, layout.logs)
    wanted = int_param(params, "port", 1024, 65535)
    if wanted and choose_port(wanted) != wanted:
        raise Failure("port_unavailable", "Port %d of the host is taken." % wanted, port=wanted)
    last = (read_json(layout.state) or {}).get("port") or (read_json(layout.launch) or {}).get("port")
    write_json(layout.launch, {
        "manifest": manifest, "manifest_id": manifest_id(manifest), "port": wanted or last,
        "log_bytes": int_param(params, "log_bytes", 1024, 1 << 30, LOG_BYTES),
        "watch": text_param(params, "watch", "prctl" if sys.platform.startswith("linux") else "pipe")})
    write_json(layout.state, {"state": "starting", "since": time.time(), "port": wanted or last})
    arguments = base64.b64encode(json.dumps({
        "marker": "internal", "root": layout.root, "deployment": layout.name}).encode("ascii")).decode("ascii")
    with open(os.path.join(layout.logs, "supervisor.log"), "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", script_path(), "supervise", "--params-b64", arguments],
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd="/", start_new_session=True, close_fds=True)
    # Written here, under the lock: a stop that comes next must find the supervisor.
    write_file(layout.pidfile, ("%d %s\n" % (process.pid, start_time(process.pid))).encode("ascii"))
    return process


# ========================================================================================= serve

def die_with_parent(parent):
    """Linux: the kernel kills this process when its supervisor ends, also through exec."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def die_with_pipe(descriptor, child=None):
    """Elsewhere: a thread waits for the end of a pipe that only the supervisor holds open."""

    def wait():
        while True:
            try:
                if not os.read(descriptor, 1):
                    break
            except OSError:
                break
        if child is not None:
            child.kill()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def serve_wheel(params):
    """The engine inside this process: llama.cpp's server from the wheel."""
    manifest = params["manifest"]
    settings, model = manifest["parameters"], manifest["model"]
    sys.path.insert(0, manifest["engine"]["site"])
    import xllamacpp
    with open(Layout(params).api_key) as source:
        key = source.read().strip()
    engine = xllamacpp.CommonParams()
    engine.model.path = model["path"]
    engine.model_alias = {model["label"]}
    engine.hostnames = ["127.0.0.1"]
    engine.port = params["port"]
    engine.api_keys = [key]
    engine.n_ctx = settings["context_size"]
    engine.n_parallel = settings["parallel"]
    engine.kv_unified = True
    engine.use_jinja = True
    engine.endpoint_metrics = True
    engine.endpoint_slots = True
    engine.cache_ram_mib = prompt_cache_mib(model)
    if settings["threads"]:
        engine.cpuparams.n_threads = settings["threads"]
        engine.cpuparams_batch.n_threads = settings["threads"]
    if settings["gpu_layers"] is not None:
        engine.n_gpu_layers = settings["gpu_layers"]
    # While it loads, a signal ends the process at once; only then can it be asked to stop.
    server = xllamacpp.Server(engine)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    while not done.wait(3600):
        pass
    del server


def prompt_cache_mib(model):
    """Memory for finished prompts: the engine's own default of 8 GiB is too much for small hosts."""
    if model["practice"]:
        return 64
    total = memory_facts()["total_bytes"] or 0
    return max(64, min(8192, total // 8 // (1024 * 1024)))


def binary_arguments(params):
    manifest = params["manifest"]
    engine, settings, model = manifest["engine"], manifest["parameters"], manifest["model"]
    arguments = [engine["binary"], "--model", model["path"], "--alias", model["label"], "--host", "127.0.0.1",
                 "--port", str(params["port"]), "--api-key-file", Layout(params).api_key,
                 "--ctx-size", str(settings["context_size"]), "--parallel", str(settings["parallel"])]
    if settings["threads"]:
        arguments += ["--threads", str(settings["threads"]), "--threads-batch", str(settings["threads"])]
    if settings["gpu_layers"] is not None:
        arguments += ["--n-gpu-layers", str(settings["gpu_layers"])]
    for option in engine["options"]:
        arguments += [option, str(prompt_cache_mib(model))] if option == "--cache-ram" else [option]
    return arguments


def serve_binary(params):
    """The host's llama-server: this process becomes it, or, without prctl, stays as its guard."""
    arguments = binary_arguments(params)
    if params["watch"] == "prctl":
        os.execv(arguments[0], arguments)
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    die_with_pipe(params["watch_fd"], child)
    status = child.wait()
    sys.exit(status if status >= 0 else 128 - status)


def command_serve(params):
    if params["watch"] == "prctl":
        die_with_parent(params["supervisor"])
    elif params["manifest"]["engine"]["source"] == "wheel":
        die_with_pipe(params["watch_fd"])
    if params["manifest"]["engine"]["source"] == "wheel":
        serve_wheel(params)
    else:
        serve_binary(params)


def command_supervise(params):
    Supervisor(params).run()


# ====================================================================================== commands

def command_install(params):
    handle_signals()
    layout = Layout(params)
    previous = read_manifest(layout)
    settings = wanted_settings(params)
    model_plan = ModelPlan(params, layout, previous)
    if not is_writable(layout.root):
        raise no_write_permission(existing_ancestor(layout.root))
    try:
        model_plan.check()
    except Failure:
        model_plan.discard_upload()
        raise
    engine_plan = EnginePlan(params, layout, model_plan.kind == "practice")
    check_room(layout, engine_plan.needed_bytes() + model_plan.needed_bytes(), bool(engine_plan.python))
    layout.make()
    try:
        with Lock(layout, "install", seconds_param(params, "lock_wait_s", 5)):
            remove_leftovers(layout)
            # Another run may have installed the engine while this one waited for the lock.
            if engine_plan.python:
                engine_plan.installed = installed_engine(layout)
            return deploy(settings, layout, previous, engine_plan, model_plan)
    except OSError as error:
        raise os_failure(error, layout.root) or error
    finally:
        layout.prune()


def check_room(layout, needed, engine):
    space = disk_space(layout.root)
    if space["free_bytes"] < needed:
        raise disk_full(layout.root, needed)
    if engine and space["free_inodes"] is not None and space["free_inodes"] < ENGINE_INODES:
        raise Failure("disk_full", "The file system of %s has only %d files left."
                      % (layout.root, space["free_inodes"]),
                      path=layout.root, needed=needed, free=space["free_bytes"], free_inodes=space["free_inodes"])
    if engine and is_noexec(layout.root):
        raise Failure("noexec", "%s is on a file system where programs may not run." % layout.root, path=layout.root)


def is_older_than(path, seconds):
    try:
        return time.time() - os.stat(path).st_mtime > seconds
    except OSError:
        return False


def remove_leftovers(layout):
    """What a killed run left behind; the lock says that nobody uses it."""
    left = glob.glob(os.path.join(layout.engines, ".tmp-*")) + glob.glob(os.path.join(layout.models, "*.tmp-*"))
    # Uploads take no lock: one that still grows belongs to somebody.
    left += [path for path in glob.glob(os.path.join(layout.models, "*.part-" + "[0-9a-f]" * 8))
             if is_older_than(path, UPLOAD_LEFT_S)]
    for path in left:
        OUT.log("Removing what an interrupted run left: %s" % path, "warn")
        remove_tree(path)


def deploy(settings, layout, previous, engine_plan, model_plan):
    engine, engine_changed = engine_plan.carry_out()
    model, model_changed = model_plan.carry_out()
    layout.make(layout.deployments, layout.deployment)
    key_changed = ensure_api_key(layout)
    manifest = {"schema": 1, "deployment": layout.name, "engine": engine, "model": model,
                "parameters": launch_parameters(settings, model), "created_at": utc_text(time.time())}
    same = previous is not None and manifest_id(previous) == manifest_id(manifest)
    if same:
        manifest = previous
    else:
        write_json(layout.manifest, manifest)
    return {"changed": bool(engine_changed or model_changed or key_changed or not same),
            "engine": {key: engine[key] for key in ("kind", "version", "source", "python", "seconds")},
            "model": {key: value for key, value in model.items() if key != "mtime_ns"}, "manifest": manifest}


def ensure_api_key(layout):
    """Makes the key once; a redeploy keeps it, so that running clients stay connected."""
    try:
        with open(layout.api_key) as source:
            if re.match(r"[0-9a-f]{64}\s*\Z", source.read()):
                os.chmod(layout.api_key, 0o600)
                return False
    except OSError:
        pass
    write_file(layout.api_key, base64.b16encode(os.urandom(32)).lower() + b"\n")
    return True


def command_start(params):
    handle_signals()
    layout = Layout(params)
    timeout = seconds_param(params, "timeout_s", 120)
    need_manifest(layout)
    begun = time.monotonic()
    process = None
    try:
        with Lock(layout, "start", seconds_param(params, "lock_wait_s", 5)):
            manifest = need_manifest(layout)
            launch = read_json(layout.launch) or {}
            running = running_supervisor(layout)
            already = bool(running) and launch.get("manifest_id") == manifest_id(manifest)
            if not already:
                if running:
                    OUT.log("The deployment has changed: the running engine is stopped first.")
                stop_engine(layout)
                check_engine(manifest["engine"])
                process = spawn_supervisor(layout, manifest, params)
        state = wait_ready(layout, process, begun, timeout)
    except Cancelled as cancelled:
        if process is not None and not cancelled.resume:
            stop_engine(layout)
        raise
    except Failure:
        if process is not None:
            stop_engine(layout)
        raise
    supervisor = running_supervisor(layout)
    return {"port": state["port"], "pid": supervisor[0] if supervisor else None, "engine_pid": state["engine_pid"],
            "state": "ready", "already_running": already, "model": manifest["model"]["label"],
            "load_seconds": state["load_seconds"], "api_key_path": layout.api_key}


def check_engine(engine):
    """The engine may have been removed since the install."""
    program = engine["python"] if engine["source"] == "wheel" else engine["binary"]
    if not os.access(program, os.X_OK) or not os.path.isdir(engine.get("site", "/")):
        raise Failure("engine_crashed", "The engine is damaged or gone; deploy again to repair it.",
                      detail="the engine's files are incomplete", reason="missing_engine", log="")


def wait_ready(layout, process, begun, timeout):
    """Waits for the state "ready"; the state file's content."""
    while True:
        state = read_json(layout.state) or {}
        name = state.get("state")
        waited = time.monotonic() - begun
        if name == "ready" and is_running(state.get("engine_pid"), state.get("engine_start")):
            return state
        if name == "crashed":
            raise crash_failure(layout, state)
        if name == "stopped":
            raise stopped_by_another()
        if process is not None and process.poll() is not None:
            state = read_json(layout.state) or {}
            if state.get("state") in ("crashed", "stopped"):
                continue
            if process.returncode < 0:
                raise stopped_by_another()
            with open(os.path.join(layout.logs, "supervisor.log"), errors="replace") as source:
                detail = source.read()[-1000:]
            raise Failure("script_failed", "The supervisor ended unexpectedly.", detail=detail)
        if process is None and not running_supervisor(layout):
            raise Failure("engine_crashed", "The supervisor ended while the engine started.",
                          detail="no supervisor", reason="", log="\n".join(log_lines(layout, 30)))
        if waited > timeout:
            raise Failure("engine_not_healthy", "The engine was not ready after %d seconds." % waited,
                          seconds=int(waited), log="\n".join(log_lines(layout, 30)))
        OUT.progress("load", "waiting for the engine: %s" % (name or "starting"), waited)
        time.sleep(0.02 if waited < 3 else 0.1)


def stopped_by_another():
    return Failure("cancelled", "The engine was stopped by another run while it started.")


def crash_failure(layout, state):
    last = state.get("last_exit") or {}
    reason = last.get("reason", "")
    log = "\n".join(last.get("log") or log_lines(layout, 30))
    if reason == "port":
        return Failure("port_unavailable", "The engine found no free port.", port=state.get("port"), log=log)
    return Failure("engine_crashed", "The engine does not stay up: %s." % REASON_TEXT.get(reason, "see the log"),
                   detail="%s (%s)" % (last.get("text", "ended"), REASON_TEXT.get(reason, "see the log")),
                   reason=reason, log=log)


def command_stop(params):
    ignore_signals()
    layout = Layout(params)
    if not os.path.isdir(layout.deployment):
        return {"was_running": False}
    with Lock(layout, "stop", seconds_param(params, "lock_wait_s", 5)):
        return {"was_running": stop_engine(layout)}


def command_status(params):
    return status_of(Layout(params))


def command_logs(params):
    layout = Layout(params)
    need_manifest(layout)
    return {"lines": log_lines(layout, int_param(params, "lines", 1, 10000, 200))}


def command_uninstall(params):
    ignore_signals()
    layout = Layout(params)
    keep_models = params.get("keep_models", False)
    if not isinstance(keep_models, bool):
        raise bad_param("keep_models", "true or false")
    if not os.path.isdir(layout.root):
        return {"removed_bytes": 0, "was_deployed": False}
    if not is_writable(layout.root):
        raise no_write_permission(layout.root)
    removed = 0
    with Lock(layout, "uninstall", seconds_param(params, "lock_wait_s", 5)):
        deployed = os.path.isdir(layout.deployment)
        stop_engine(layout)
        removed += remove_tree(layout.deployment)
        others = [read_json(path) or {} for path in glob.glob(os.path.join(layout.deployments, "*", "manifest.json"))]
        if not any((other.get("engine") or {}).get("source") == "wheel" for other in others):
            for path in glob.glob(os.path.join(layout.engines, "llama_cpp-*")) + glob.glob(
                    os.path.join(layout.engines, ".tmp-*")):
                removed += remove_tree(path)
        if not keep_models:
            used = [(other.get("model") or {}).get("path") or "" for other in others]
            removed += remove_models(layout, {part for path in used for part in model_files(path)})
        if not others:
            removed += remove_tree(layout.script)
    layout.prune()
    return {"removed_bytes": removed, "was_deployed": deployed}


def remove_models(layout, used):
    """Removes the models in the root's own folder, except those that other deployments use."""
    removed = 0
    for directory, folders, names in os.walk(layout.models, topdown=False):
        for name in names:
            path = os.path.join(directory, name)
            if path not in used:
                removed += remove_tree(path)
        for folder in folders:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(directory, folder))
    return removed


# ========================================================================================= probe

class Findings:
    """The preflight report: each line a severity, a code, a sentence and the fix."""

    def __init__(self):
        self.items = []

    def add(self, severity, code, message, fix="", **params):
        self.items.append({"severity": severity, "code": code, "message": message, "fix": fix or "",
                           "params": {key: str(value) for key, value in params.items()}})

    def failure(self, failure, severity="error"):
        self.items.append({"severity": severity, "code": failure.code, "message": str(failure),
                           "fix": failure.params.get("fix", ""), "params": failure.params})


def command_probe(params):
    handle_signals()
    layout = Layout(params)
    facts = {}

    def python_and_index():
        facts["pythons"] = find_pythons(text_param(params, "python"))
        facts["engine_python"] = engine_python_of(facts["pythons"])
        facts["index"] = None
        if not installed_engine(layout):
            facts["index"] = index_facts(facts["pythons"], facts["engine_python"])

    def llama_server():
        binary = find_llama_server()
        facts["llama_server"] = binary
        facts["llama_server_version"] = llama_server_version(binary) if binary else None

    run_together([python_and_index, llama_server,
                  lambda: facts.update(gpus=gpu_facts()), lambda: facts.update(cpu=cpu_facts()),
                  lambda: facts.update(memory=memory_facts())])
    engine_python = facts["engine_python"]
    status = status_of(layout)
    return {
        "os": platform.system(), "arch": platform.machine(), "libc": libc_text(),
        "os_release": os_release().get("PRETTY_NAME") or "%s %s" % (platform.system(), platform.release()),
        "hostname": socket.gethostname(), "user": user_name(), "home": os.path.expanduser("~"), "root": layout.root,
        "python": {"path": sys.executable, "version": version_text(sys.version_info[:3]),
                   "venv": any(item["path"] == sys.executable and item["venv"] and (item["ensurepip"] or item["pip"])
                               for item in facts["pythons"]),
                   "engine_python": engine_python["path"] if engine_python else None,
                   "pythons": [{"path": item["path"], "version": version_text(item["version"]),
                                "venv": item["venv"], "ensurepip": item["ensurepip"], "pip": item["pip"]}
                               for item in facts["pythons"]]},
        "disk": disk_space(layout.root), "memory": facts["memory"], "cpu": facts["cpu"], "gpus": facts["gpus"],
        "llama_server": facts["llama_server"], "llama_server_version": facts["llama_server_version"],
        "writable": is_writable(layout.root), "noexec": is_noexec(layout.root),
        "index_reachable": facts["index"]["reachable"] if facts["index"] else None,
        "engine_installed": installed_engine(layout) is not None,
        "deployment": status if status["deployed"] else None,
        "findings": probe_findings(params, layout, facts)}


def probe_findings(params, layout, facts):
    findings = Findings()
    installed = installed_engine(layout) is not None
    binary = text_param(object_param(params, "engine", {}), "binary")
    # What only the wheel needs is no error on a host that has a llama-server.
    severity = "warn" if binary or facts["llama_server"] else "error"
    needed = 0
    if binary:
        try:
            binary_engine(binary)
        except Failure as failure:
            findings.failure(failure)
    elif installed:
        findings.add("ok", "engine_ok", "The engine is already installed.")
    else:
        needed += ENGINE_DISK_BYTES
        engine_findings(findings, facts, severity)
    model_findings(findings, params, layout, facts["memory"])
    space = disk_space(layout.root)
    inodes_low = not binary and space["free_inodes"] is not None and space["free_inodes"] < ENGINE_INODES
    if space["free_bytes"] < needed or inodes_low:
        findings.failure(disk_full(layout.root, needed))
    else:
        findings.add("ok", "disk_ok", "%s of disk space are free." % size_text(space["free_bytes"]),
                     free=space["free_bytes"])
    if not is_writable(layout.root):
        findings.failure(no_write_permission(existing_ancestor(layout.root)))
    else:
        findings.add("ok", "writable_ok", "%s can be written." % layout.root, path=layout.root)
    if is_noexec(layout.root):
        findings.failure(Failure("noexec", "%s is on a file system where programs may not run." % layout.root,
                                 path=layout.root), severity)
    if facts["llama_server"]:
        findings.add("ok", "llama_server_ok", "The host has a llama-server: %s." % facts["llama_server"],
                     path=facts["llama_server"], version=facts["llama_server_version"] or "")
    return findings.items


def engine_findings(findings, facts, severity):
    failure = platform_failure()
    if failure:
        findings.failure(failure, severity)
    if not facts["cpu"]["flags_ok"]:
        findings.failure(Failure("cpu_unsupported", "The processor of the host lacks %s, which the engine needs."
                                 % ", ".join(facts["cpu"]["missing"]), missing=",".join(facts["cpu"]["missing"])),
                         severity)
    index = facts["index"] or {}
    failure = engine_python_failure(facts["pythons"], index.get("index"))
    if failure:
        findings.failure(failure, severity)
    else:
        python = facts["engine_python"]
        findings.add("ok", "python_ok", "Python %s can run the engine." % version_text(python["version"]),
                     path=python["path"], version=version_text(python["version"]))
    failure = libraries_failure()
    if failure:
        findings.failure(failure, severity)
    if index.get("reachable") is False:
        # A folder of local packages may do as well.
        findings.failure(no_index(index.get("detail", "")), "warn" if index.get("local") else severity)
    elif index.get("reachable"):
        findings.add("ok", "index_ok", "The Python package index answers.")


def model_findings(findings, params, layout, memory):
    if not isinstance(params.get("model"), dict):
        return
    try:
        plan = ModelPlan(params, layout, read_manifest(layout))
        plan.check()
    except Failure as failure:
        findings.failure(failure)
        return
    if plan.kind not in ("path", "uploaded"):
        return
    size = os.stat(plan.path).st_size
    findings.add("ok", "model_ok", "The model file is a complete GGUF file of %s." % size_text(size),
                 path=plan.path, bytes=size)
    available = memory["available_bytes"]
    if available is not None and size > available:
        findings.add("warn", "memory_low", "The model has %s, but only %s of memory are free."
                     % (size_text(size), size_text(available)), bytes=size, available=available)


# ========================================================================================== main

COMMANDS = {"probe": command_probe, "install": command_install, "start": command_start, "stop": command_stop,
            "status": command_status, "logs": command_logs, "uninstall": command_uninstall}
INTERNAL = {"supervise": command_supervise, "serve": command_serve}
CANCELLED = {"event": "error", "code": "cancelled", "message": "Cancelled.", "params": {}}


def newer_python():
    """A newer interpreter on the host, for the message of python_too_old; "" without one."""
    for path in python_candidates(None):
        facts = ask_python(path)
        if facts and tuple(facts["version"]) >= MINIMUM_PYTHON:
            return path
    return ""


def run_command(arguments):
    """The terminal event of a run."""
    try:
        if not arguments or arguments[0] not in COMMANDS:
            raise Failure("script_failed", "Unknown subcommand %s; known are %s."
                          % (arguments[0] if arguments else "(none)", ", ".join(sorted(COMMANDS))), detail="usage")
        params = read_params(arguments[1:])
        marker = params.get("marker")
        if not isinstance(marker, str) or not re.match(r"[0-9A-Za-z_-]{8,128}\Z", marker):
            raise bad_param("marker", "8 to 128 characters of [0-9A-Za-z_-]")
        OUT.marker = marker
        if sys.version_info < MINIMUM_PYTHON:
            raise Failure("python_too_old", "The host has Python %s; Slipway needs %s or newer."
                          % (version_text(sys.version_info[:3]), version_text(MINIMUM_PYTHON)),
                          found=version_text(sys.version_info[:3]), needed=version_text(MINIMUM_PYTHON),
                          alternative=newer_python(), fix=python_fix())
        return {"event": "result", "data": COMMANDS[arguments[0]](params)}
    except Failure as failure:
        return {"event": "error", "code": failure.code, "message": str(failure), "params": failure.params}
    except (Cancelled, KeyboardInterrupt):
        return CANCELLED
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            OUT.log(line, "error")
        return {"event": "error", "code": "script_failed",
                "message": "The script on the host failed: %s" % error, "params": {"detail": repr(error)}}


def main():
    os.umask(0o077)
    arguments = sys.argv[1:]
    if arguments and arguments[0] in INTERNAL:
        INTERNAL[arguments[0]](read_params(arguments[1:]))
        return 0
    try:
        event = run_command(arguments)
        ignore_signals()
    except Cancelled:
        # A signal after the work was done, while its result was being put together.
        event = CANCELLED
    OUT.emit(event)
    return 0 if event["event"] == "result" else 1


if __name__ == "__main__":
    sys.exit(main())
