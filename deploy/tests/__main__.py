"""Runs the tests of the host script, several modules at a time: most of a test is waiting.

    python3 deploy/tests [MODULE…]

The output ends as that of unittest does. The modules share one engine, fetched once.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
# Each starts an engine of its own from time to time, and that is what a core is for.
WORKERS = max(2, min(4, os.cpu_count() or 2))


def run(module, environment):
    """(module, exit status, output)."""
    answer = subprocess.run([sys.executable, "-B", "-m", "unittest", module], cwd=FOLDER, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return module, answer.returncode, answer.stdout.decode("utf-8", "replace")


def main(chosen):
    # The longest first.
    modules = chosen or sorted((path.stem for path in FOLDER.glob("test_*.py")),
                               key=lambda name: -(FOLDER / (name + ".py")).stat().st_size)
    begun = time.monotonic()
    ran, counts, bad = 0, {}, False
    with tempfile.TemporaryDirectory(prefix="slipway-engine-") as cache:
        environment = dict({"SLIPWAY_TEST_CACHE": cache}, **os.environ)
        fetch = "import script_case; script_case.engine_cache()"
        subprocess.run([sys.executable, "-B", "-c", fetch], cwd=FOLDER, env=environment, check=True)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for module, status, output in pool.map(lambda module: run(module, environment), modules):
                verdict_lines = re.search(r"^-{70}\nRan .*\Z", output, re.MULTILINE | re.DOTALL)
                details = output[:verdict_lines.start()] if verdict_lines else output
                # Only what failed needs its words; one count stands at the end.
                print("%s %s%s" % ("FAILED" if status else "passed", module, "\n" + details.rstrip() if status else ""),
                      flush=True)
                ran += sum(int(number) for number in re.findall(r"^Ran (\d+) tests? in ", output, re.MULTILINE)[-1:])
                verdict = re.findall(r"^(?:OK|FAILED) ?\(.*\)$", output, re.MULTILINE)[-1:]
                found = re.findall(r"([a-z ]+)=(\d+)", " ".join(verdict))
                if status != 0 and not found:
                    # It ended without a verdict.
                    found = [("errors", "1")]
                for name, number in found:
                    counts[name.strip()] = counts.get(name.strip(), 0) + int(number)
                bad = bad or status != 0
    print("%s\nRan %d tests in %.3fs\n" % ("-" * 70, ran, time.monotonic() - begun))
    detail = ", ".join("%s=%d" % pair for pair in sorted(counts.items()))
    print(("FAILED" if bad else "OK") + (" (%s)" % detail if detail else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
