"""Why an engine ended."""

import re
import signal


def crash_reason(lines, status):
    """What the last words of an engine mean: a short stable name, or ""."""
    text = "\n".join(lines)
    if re.search(r"out of memory|failed to allocate|unable to allocate|bad_alloc|Cannot allocate memory"
                 r"|No available memory for the cache blocks|stored in KV cache|requires more system memory", text, re.I):
        return "out_of_memory"
    if re.search(r"couldn't bind|address already in use", text, re.I):
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
