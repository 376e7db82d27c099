#!/usr/bin/env python3
"""Make the kernel's symbol table, an assembler file, from `nm -n kernel` on standard input.

The kernel prints backtraces by itself, so it carries the names of its functions:

    uint64_t ksym_count      number of symbols
    uint64_t ksym_base       address of the first one
    uint64_t ksym_end        where the kernel's text ends
    uint32_t ksym_addrs[]    address of each, less ksym_base, ascending
    uint32_t ksym_offs[]     where in ksym_names its name begins
    char     ksym_names[]    the names, each ended by a NUL

An empty input gives an empty table, with which the first of the two links is made.
"""

import sys


def read_symbols(lines):
    """Functions only, one name for each address. => [(address, name)], the end of the text"""
    symbols, end = {}, 0
    for line in lines:
        fields = line.split()
        if fields[2:] == ["kernel_rodata"]:
            end = int(fields[0], 16)
        if len(fields) == 3 and fields[1] in "tTwW" and not fields[2].startswith((".", "$")):
            symbols.setdefault(int(fields[0], 16), fields[2])
    return sorted(symbols.items()), end


def main():
    symbols, end = read_symbols(sys.stdin)
    base = symbols[0][0] if symbols else 0
    offset = 0
    addrs, offs, names = [], [], []
    for addr, name in symbols:
        addrs.append(f"\t.word {addr - base}")
        offs.append(f"\t.word {offset}")
        names.append(f'\t.asciz "{name}"')
        offset += len(name) + 1
    print("\t.section .rodata.ksyms, \"a\"")
    for name, body in (("ksym_count", [f"\t.quad {len(symbols)}"]), ("ksym_base", [f"\t.quad {base:#x}"]),
                       ("ksym_end", [f"\t.quad {end:#x}"]),
                       ("ksym_addrs", addrs), ("ksym_offs", offs), ("ksym_names", names)):
        print(f"\t.globl {name}\n\t.balign 8\n{name}:")
        print("\n".join(body))
    print("\t.section .note.GNU-stack, \"\", @progbits")


main()
