#!/usr/bin/env python3
"""layers.py: does every #include point downwards, and is there no cycle?

    lib < md < base < vm < fs < kern          headers, strictly ordered
    arch implements md and vm/pmap.h; upwards it sees only kern/trap.h (calls into kern) and what it hands to vm_fault
    dev  drivers, on base and vm              disk  the on-disk format, all that mkfs may know of the kernel
"""

import glob
import os
import re
import sys

# A named header belongs to the layer given here, everything else to that of the longest matching folder.
NAMED = {
    "arch/riscv/types.h": "md", "arch/riscv/vmparam.h": "md", "arch/riscv/cpu.h": "md", "arch/riscv/atomic.h": "md",
    "arch/riscv/pmap_md.h": "md", "arch/riscv/machine.h": "md", "arch/riscv/uaccess.h": "md",
    "tests/vm_model.h": "user",  # shared by the fuzzer and a guest test
    "kern/trap.h": "upcall", "kern/fs/fs_disk.h": "disk", "kern/fs/fs_format.h": "disk",
}
FOLDERS = {
    "lib/": "lib", "lib/libc/": "libc", "arch/": "arch", "kern/base/": "base", "vm/": "vm", "kern/fs/": "fs",
    "kern/dev/": "dev", "kern/": "kern", "user/": "user", "user/tests/": "user", "mkfs/": "mkfs",
}
# What each layer may include besides itself.
ALLOWED = {
    "lib": set(),
    "libc": {"lib"},
    "md": {"lib"},
    "base": {"lib", "md"},
    "vm": {"lib", "md", "base"},
    "disk": {"lib"},
    "fs": {"lib", "md", "base", "vm", "disk"},
    "upcall": {"lib", "md", "base", "vm"},
    "arch": {"lib", "md", "base", "vm", "upcall"},
    "dev": {"lib", "md", "base", "vm"},
    "kern": {"lib", "md", "base", "vm", "fs", "disk", "upcall", "arch", "dev"},
    "user": {"lib"},
    "mkfs": {"lib", "disk"},
}
COMPILER = {"stdarg.h", "stddef.h", "stdbool.h", "stdatomic.h", "float.h", "stdalign.h", "stdnoreturn.h"}
HOSTED = {"mkfs"}  # these use the host's own <headers>
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def layer_of(path):
    if path in NAMED:
        return NAMED[path]
    folder = max((f for f in FOLDERS if path.startswith(f)), key=len, default=None)
    return FOLDERS[folder] if folder else None


def sources():
    for folder in ("lib", "arch", "vm", "kern", "user", "mkfs"):
        for path in glob.glob(f"{folder}/**/*.[chS]", recursive=True):
            yield path


def includes(path):
    """(line number, included file) with <name> resolved to lib/include; None for the compiler's own headers."""
    with open(path, encoding="utf-8", errors="replace") as f:
        for number, line in enumerate(f, 1):
            match = INCLUDE.match(line)
            if match and match.group(1) == '"':
                yield number, match.group(2)
            elif match and match.group(2) not in COMPILER and layer_of(path) not in HOSTED:
                yield number, "lib/include/" + match.group(2)


def check_direction(path, graph):
    """=> complaints about one file; its headers go into the graph"""
    here = layer_of(path)
    for number, target in includes(path):
        there = layer_of(target)
        if not os.path.exists(target):
            yield f"{path}:{number}: no file {target}"
        elif there != here and there not in ALLOWED[here]:
            yield f"{path}:{number}: {here} may not include {target} ({there})"
        elif path.endswith(".h"):
            graph.setdefault(path, []).append(target)


def find_cycles(graph):
    done = set()

    def visit(node, trail):
        if node in trail:
            yield "cycle: " + " -> ".join(trail[trail.index(node):] + [node])
        elif node not in done:
            for target in graph.get(node, []):
                yield from visit(target, trail + [node])
            done.add(node)

    for node in sorted(graph):
        yield from visit(node, [])


def main():
    graph, complaints = {}, []
    for path in sorted(sources()):
        complaints += check_direction(path, graph)
    complaints += find_cycles(graph)
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
