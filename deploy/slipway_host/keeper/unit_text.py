"""A systemd unit and a launchd agent for a supervisor, as text."""

import os
import plistlib

# What an engine may need of the login's environment; none of it is secret.
PASSED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
          "CUDA_HOME", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "OLLAMA_MODELS",
          "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def passed_environment():
    return {name: os.environ[name] for name in PASSED
            if os.environ.get(name) and "\n" not in os.environ[name]}


def quoted(word):
    """A word of a unit file: specifiers, variables and quotes are taken literally (systemd.service(5))."""
    for letter, escape in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(letter, escape)
    return '"%s"' % word


def systemd_unit(description, command, environment, log):
    """The unit. Its whole control group ends with it, so that no worker holds a card's memory."""
    lines = ["[Unit]", "Description=" + description.replace("%", "%%"), "StartLimitIntervalSec=300",
             "StartLimitBurst=10", "", "[Service]", "Type=exec", "ExecStart=" + " ".join(map(quoted, command))]
    # In Environment= a dollar sign stands for itself.
    lines += ["Environment=" + quoted("%s=%s" % pair).replace("$$", "$") for pair in sorted(environment.items())]
    lines += ["StandardOutput=append:" + log.replace("%", "%%"), "StandardError=inherit", "Restart=on-failure",
              "RestartSec=2", "KillMode=mixed", "TimeoutStopSec=10", "UMask=0077", "", "[Install]",
              "WantedBy=default.target", ""]
    return "\n".join(lines)


def launchd_agent(label, command, environment, log):
    """The agent's property list; it is started again unless it ended by itself with status 0."""
    return plistlib.dumps({
        "Label": label, "ProgramArguments": list(command), "EnvironmentVariables": environment, "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": 5, "ExitTimeOut": 10, "ProcessType": "Interactive",
        "Umask": 0o077, "StandardOutPath": log, "StandardErrorPath": log})
