#!/usr/bin/env python3
"""checkelf.py KERNEL [FIRST]: is this a kernel image that can boot?

OpenSBI jumps to the lowest address that QEMU loaded, wherever the ELF header says the entry is, so the two must be the
same place. With FIRST, the kernel of the first link, no function may have moved between the two links: the embedded
symbol table was made from the first.
"""

import sys

from elf import Elf


def fail(text):
    sys.exit(f"checkelf: {text}")


def entry_paddr(elf):
    """Where the entry point is in physical memory; the header may give either address."""
    for vaddr, paddr, memsz in elf.load_segments():
        if vaddr <= elf.entry < vaddr + memsz:
            return elf.entry - vaddr + paddr
    return elf.entry


def text_symbols(elf):
    """Functions and labels of the first segment; data may move between the links."""
    vaddr, _, memsz = min(elf.load_segments())
    return {name: value for name, value in elf.functions().items() if vaddr <= value < vaddr + memsz}


def main():
    if len(sys.argv) not in (2, 3):
        fail("usage: checkelf.py KERNEL [FIRST]")
    elf = Elf(sys.argv[1])
    if not elf.load_segments():
        fail(f"{sys.argv[1]}: nothing to load")
    lowest, entry = min(paddr for _, paddr, _ in elf.load_segments()), entry_paddr(elf)
    if entry != lowest:
        fail(f"{sys.argv[1]}: entry {entry:#x} is not the lowest load address {lowest:#x}; OpenSBI would jump astray")
    if len(sys.argv) == 3 and text_symbols(elf) != text_symbols(Elf(sys.argv[2])):
        fail("functions moved between the two links: is .rodata placed before .text in kernel.ld?")


main()
