"""Stand-ins for programs that this machine does not have: they print what the real ones document."""

import os
import shlex


def stand_in(folder, name, answers, otherwise=(1, "unknown option")):
    """Writes an executable: the first answer whose words are all among the arguments is printed.

    answers    [(words, status, text)]; a status of "hang" sleeps, holding the output open
    otherwise  (status, text) for all other arguments
    """
    os.makedirs(folder, exist_ok=True)
    lines = ["#!/bin/sh", 'all=" $* "']
    for words, status, text in list(answers) + [("",) + tuple(otherwise)]:
        tests = " && ".join('[ "${all#*%s}" != "$all" ]' % word for word in words.split()) or "true"
        body = "sleep 30 & sleep 30" if status == "hang" else "printf '%%s\\n' %s; exit %d" % (shlex.quote(text), status)
        lines.append("if %s; then %s; fi" % (tests, body))
    path = os.path.join(folder, name)
    with open(path, "w") as out:
        out.write("\n".join(lines) + "\n")
    os.chmod(path, 0o755)
    return path
