#!/usr/bin/env python3
"""compdb.py BUILD KERNEL USER HOST: write compile_commands.json for editors, from the objects that were built.

The three arguments are the commands of the three sides; an object's place in the build folder says which one made it.
"""

import json
import os
import sys


def main():
    build, *commands = sys.argv[1:]
    entries = []
    for side, command in zip("kuh", commands):
        top = os.path.join(build, side)
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                source = os.path.relpath(os.path.join(folder, name), top)[:-2]
                if name.endswith(".o") and os.path.exists(source):
                    entries.append({"directory": os.getcwd(), "file": source, "command": f"{command} -c {source}"})
    json.dump(entries, sys.stdout, indent=1)
    print()


main()
