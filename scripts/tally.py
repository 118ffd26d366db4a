"""Counts passed and failed tests in the logs of the test runners.

usage: tally.py KIND=LOG…    KIND: cargo, nextest, node, none, unittest, vitest

Prints the two sums, passed and failed, on one line. A log without any count adds nothing: the
caller knows from the exit status that its runner did not get that far.
"""

import re
import sys

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def number(pattern, text):
    """The sum of the pattern's first group over the text."""
    return sum(int(found) for found in re.findall(pattern, text, re.MULTILINE))


def cargo(text):
    line = r"^test result: .*?(\d+) %s;"
    return number(line % "passed", text), number(line % "failed", text)


def nextest(text):
    summary = "\n".join(re.findall(r"^\s+Summary .*$", text, re.MULTILINE))
    return (
        number(r"(\d+) passed", summary),
        number(r"(\d+) (?:failed|timed out|exec failed)", summary),
    )


def node(text):
    return (
        number(r"^\W*pass (\d+)$", text),
        number(r"^\W*fail (\d+)$", text) + number(r"^\W*cancelled (\d+)$", text),
    )


def none(_text):
    """A stage without tests."""
    return 0, 0


def unittest(text):
    ran = number(r"^Ran (\d+) tests? in ", text)
    verdict = "\n".join(re.findall(r"^(?:OK|FAILED) ?\(.*\)$", text, re.MULTILINE))
    failed = number(r"(?:failures|errors|unexpected successes)=(\d+)", verdict)
    return ran - failed - number(r"skipped=(\d+)", verdict), failed


def vitest(text):
    summary = "\n".join(re.findall(r"^\s+Tests  .*$", text, re.MULTILINE))
    return number(r"(\d+) passed", summary), number(r"(\d+) failed", summary)


COUNTERS = {f.__name__: f for f in (cargo, nextest, node, none, unittest, vitest)}


def main(arguments):
    passed = failed = 0
    for argument in arguments:
        kind, _, path = argument.partition("=")
        with open(path, encoding="utf-8", errors="replace") as log:
            some_passed, some_failed = COUNTERS[kind](ANSI.sub("", log.read()))
        passed += some_passed
        failed += some_failed
    print(passed, failed)


if __name__ == "__main__":
    main(sys.argv[1:])
