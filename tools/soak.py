#!/usr/bin/env python3
"""make soak: each guest test of the grade, many times in a row on one machine, for 1, 3 and 8 harts.

usage: soak.py [NAME...]        only tests whose name contains one of the NAMEs

Settings come from the environment: BUILD=build, N=100 (runs of each test), MEM=64M, HARTS='1 3 8', TIMEOUT=3600 (seconds for each machine).
The machine's invariants (/proc/vmcheck) are looked at after each test's N runs. Exit status: 0 all passed; 1 a test failed; 2 wrong usage.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "grade"))
import suite  # noqa: E402  pylint: disable=wrong-import-position

# Runs on the machine. A failed test says why, with the number of the run; then the next test begins.
SCRIPT = """
for t in {names}; do
    i=1
    while [ $i -le {n} ]; do
        /tests/$t >/dev/null 2>/soak.err </dev/null || {{ echo "FAILED $t in run $i: status $?"; cat /soak.err; break; }}
        i=$((i + 1))
    done
    cat /proc/vmcheck >/dev/null || echo "FAILED $t: /proc/vmcheck"
    echo "done $t $((i - 1))"
done
"""


def names_wanted(patterns, harts):
    tests = [test for test in suite.TESTS if test["kind"] == "guest" and not test["alone"] and harts >= min(test["cpus"])]
    names = [test["name"] for test in tests]
    return [name for name in names if not patterns or any(pattern in name for pattern in patterns)]


def soak(harts, names, n):
    """=> the names that failed, having said what happened"""
    env = dict(os.environ, CMD=SCRIPT.format(names=" ".join(names), n=n), CPUS=str(harts))
    env.setdefault("MEM", "64M")
    env["TIMEOUT"] = os.environ.get("TIMEOUT", "3600")
    run = subprocess.Popen([sys.executable, os.path.join(HERE, "run.py"), "run"], env=env, stdout=subprocess.PIPE, text=True,
                           errors="replace")
    failed, done = set(), set()
    for line in run.stdout:
        words = line.split()
        if words[:1] == ["done"] and len(words) == 3:
            done.add(words[1])
            if sys.stderr.isatty():
                print(f"\r{harts} harts: {len(done)} of {len(names)} tests", end="", file=sys.stderr, flush=True)
            continue
        if words[:1] == ["FAILED"]:
            failed.add(words[1].rstrip(":"))
        print(f"{harts} harts: {line}", end="", flush=True)
    status = run.wait()
    if status != 0:
        failed |= set(names) - done
        print(f"{harts} harts: the machine ended with status {status}")
    print(f"{harts} harts, {env['MEM']}: {len(names) - len(failed)} of {len(names)} tests passed {n} times in a row", flush=True)
    return failed


def main():
    if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print(__doc__.strip())
        return 0
    n = os.environ.get("N", "100")
    harts = os.environ.get("HARTS", "1 3 8").split()
    if not n.isdigit() or not all(word.isdigit() for word in harts):
        print("soak: N and HARTS want numbers", file=sys.stderr)
        return 2
    failed = False
    for count in map(int, harts):
        names = names_wanted(sys.argv[1:], count)
        if not names:
            print(f"soak: no guest test is called {' or '.join(sys.argv[1:])}", file=sys.stderr)
            return 2
        failed |= bool(soak(count, names, int(n)))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
