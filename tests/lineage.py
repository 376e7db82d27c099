#!/usr/bin/env python3
"""Every function and test that docs/lineage.md names must exist. Part of make lint."""

import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def read(path):
    try:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""


def function_exists(path, name):
    return re.search(rf"^(static inline [\w *]+ )?{name}\(", read(path), re.MULTILINE) is not None


def test_exists(text):
    if text.startswith("/tests/"):
        name = text.removeprefix("/tests/")
        return os.path.exists(os.path.join(TOP, "user", "tests", f"{name}.c")) and f'"{name}"' in read("tests/grade/suite.py")
    if text.startswith("host "):
        return re.search(rf'^host\("{text.split()[1]}"', read("tests/grade/suite.py"), re.MULTILINE) is not None
    if text.startswith("ktest "):
        kern = os.path.join(TOP, "kern")
        return any(re.search(rf"\b{text.split()[1]}\b", read(f"kern/{f}")) for f in os.listdir(kern) if f.startswith("ktest_"))
    program, _, name = text.partition(": ")
    source = read(f"tests/{program}.c")
    return re.search(rf'(HOST_TEST|cmocka_unit_test)\({name}\)|{{"{name}"', source) is not None


def names_in(cell):
    """`file: a`, `b` => (file, a), (file, b); a file stays until another is named"""
    path = ""
    for text in re.findall(r"`([^`]+)`", cell):
        head, colon, name = text.partition(": ")
        if colon:
            path = head
        yield path, name if colon else text


def problems():
    for number, line in enumerate(read("docs/lineage.md").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("| ") or cells[0] == "there":
            continue
        if len(cells) != 4:
            yield f"docs/lineage.md:{number}: {len(cells)} columns, not 4"
            continue
        if not cells[1] or not cells[3]:
            yield f"docs/lineage.md:{number}: {cells[0]}: no function, or no test"
        for path, name in names_in(cells[1]):
            if not function_exists(path, name):
                yield f"docs/lineage.md:{number}: no function {name} in {path}"
        for text in re.findall(r"`([^`]+)`", cells[3]):
            if not test_exists(text):
                yield f"docs/lineage.md:{number}: no test {text}"


found = list(problems())
print("\n".join(found), end="\n" if found else "", file=sys.stderr)
sys.exit(1 if found else 0)
