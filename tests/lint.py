#!/usr/bin/env python3
"""lint.py: rules of the tree that no compiler knows.

  - the file and function after every `path:function` and every `folder/file` in the documents exist
  - no #if in a .c file (a choice is a file or a table), no leftover markers, no trailing blanks
  - no text names a machine that Umbra was written on
"""

import os
import re
import subprocess
import sys

SOURCE_DIRS = ("arch", "vm", "kern", "lib", "user", "mkfs", "tests", "tools")
TEXT = (".c", ".h", ".S", ".py", ".md", ".ld", ".sh", "")
# Spelt so that this file does not accuse itself.
FORBIDDEN = [r"/wor" r"k/", r"/tm" r"p/build-", r"\bTO" r"DO\b", r"\bFIX" r"ME\b", r"\bXX" r"X\b", r"/ho" r"me/[a-z]"]
REFERENCE = re.compile(r"`((?:arch|vm|kern|lib|user|mkfs|tests|tools|docs)/[\w./*-]*)(?::(\w+))?`")


def tree_files():
    """What is, or would be, in version control."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    if done.returncode == 0:
        return [path for path in done.stdout.splitlines() if os.path.isfile(path)]
    return [os.path.relpath(os.path.join(folder, name)) for folder, _, names in os.walk(".") for name in names
            if "/build" not in folder and "/." not in folder]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def defines(text, name):
    """Is there a definition of this function (its name opens a line), struct, macro or label?"""
    word = re.escape(name)
    return re.search(rf"^(?:{word}\(|{word}:|#\s*define\s+{word}\b|(?:struct|enum|union)\s+{word}\b|.*\b{word}\[?.*=)",
                     text, re.MULTILINE)


def check_references(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for target, name in REFERENCE.findall(line):
            if "*" in target or "NAME" in target:
                continue
            if not os.path.exists(target):
                yield f"{path}:{number}: no {target}"
            elif name and not defines(read(target), name):
                yield f"{path}:{number}: no {name} in {target}"


def check_text(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in FORBIDDEN:
            if re.search(pattern, line):
                yield f"{path}:{number}: {re.search(pattern, line).group()} does not belong here"
        if line != line.rstrip() and not path.endswith(".md"):
            yield f"{path}:{number}: trailing blanks"
        if path.endswith(".c") and not path.startswith("tests/") and re.match(r"\s*#\s*if", line):
            yield f"{path}:{number}: no #if in a .c file"


def main():
    complaints = []
    for path in tree_files():
        if os.path.splitext(path)[1] not in TEXT or "corpus/" in path:
            continue
        text = read(path)
        complaints += check_text(path, text)
        if path.endswith(".md"):
            complaints += check_references(path, text)
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
