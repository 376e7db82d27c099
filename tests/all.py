#!/usr/bin/env python3
"""all.py: every check there is, and how many passed. `make test`.

Lint counts as one, each test of the host's as one (from the logs that `make check` leaves), each test of the
grade as one. The last line is `N passed, N failed`; the exit status is 0 when none failed.
"""

import glob
import json
import os
import re
import subprocess
import sys

BUILD = os.environ.get("BUILD", "build")
JOBS = f"-j{os.cpu_count() or 1}"


def run(title, command):
    """Run one step with its output on ours. => whether it succeeded"""
    print(f"---- {title}", flush=True)
    return subprocess.run(command, check=False).returncode == 0


def make(goal):
    return ["make", "--no-print-directory", "-s", "-k", JOBS, f"BUILD={BUILD}", goal]


def lint():
    good = run("lint", make("lint"))
    return int(good), int(not good)


def host_tests():
    logs = os.path.join(BUILD, "[pt]", "*.log")
    for path in glob.glob(logs):
        os.unlink(path)
    good = run("host tests", make("check"))
    passed = failed = 0
    for path in glob.glob(logs):
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        passed += len(re.findall(r"^\[ +OK +\]", text, re.MULTILINE))
        failed += len(re.findall(r"^\[ +FAILED +\] [^:\n]*$", text, re.MULTILINE))
    # A test that died, or did not build, has no log that says so.
    return passed, max(failed, int(not good))


def grade():
    path = os.path.join(BUILD, "grade.json")
    if os.path.exists(path):
        os.unlink(path)
    run("grade", ["./grade.py", "--build", BUILD, "--json", path])
    try:
        with open(path, encoding="utf-8") as f:
            verdicts = [test["verdict"] for test in json.load(f)["tests"]]
    except (OSError, ValueError):
        return 0, 1
    skipped = verdicts.count("SKIP")
    passed = verdicts.count("OK")
    return passed, len(verdicts) - passed - skipped


def main():
    passed = failed = 0
    for step in (lint, host_tests, grade):
        good, bad = step()
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
