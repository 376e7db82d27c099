#!/usr/bin/env python3
"""coverage.py [-v] FILE.gcno...: how many lines of each source were run, as a table; with -v the lines that were not.

A line counts as run when any function that it was compiled into ran it. The exit status is 1 below 95 in a hundred.
"""

import json
import subprocess
import sys

GOAL = 95.0


def lines_of(gcno):
    """=> {source: {line number: times}} of one object"""
    done = subprocess.run(["gcov", "--json-format", "--stdout", gcno], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True)
    found = {}
    for file in json.loads(done.stdout)["files"]:
        counts = found.setdefault(file["file"], {})
        for line in file["lines"]:
            counts[line["line_number"]] = counts.get(line["line_number"], 0) + line["count"]
    return found


def source_of(gcno):
    """build/c/vm/vm_map.c.gcno or .c.o's notes => the part from vm/ on, without the suffix"""
    return gcno[gcno.index("/vm/") + 1:].removesuffix(".gcno")


def main():
    verbose = "-v" in sys.argv
    total = reached = 0
    print(f"{'file':<28} {'lines':>6} {'run':>6} {'%':>6}")
    for gcno in (argument for argument in sys.argv[1:] if argument != "-v"):
        source = source_of(gcno)
        counts = lines_of(gcno).get(source, {})
        run = sum(count > 0 for count in counts.values())
        total += len(counts)
        reached += run
        if counts:
            print(f"{source:<28} {len(counts):>6} {run:>6} {100 * run / len(counts):>6.1f}")
        if verbose:
            with open(source, encoding="utf-8") as f:
                text = f.read().splitlines()
            for number in sorted(number for number, count in counts.items() if count == 0):
                print(f"    {source}:{number}: {text[number - 1].strip()}")
    share = 100 * reached / max(total, 1)
    print(f"{'all of vm/':<28} {total:>6} {reached:>6} {share:>6.1f}")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
