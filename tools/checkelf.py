#!/usr/bin/env python3
"""checkelf.py KERNEL [FIRST]: is this a kernel image that can boot?

OpenSBI jumps to the lowest address that QEMU loaded, wherever the ELF header says the entry is, so the two must be the
same place. With FIRST, the kernel of the first link, no function may have moved between the two links: the embedded
symbol table was made from the first.
"""

import struct
import sys

PT_LOAD = 1
SHT_SYMTAB = 2
STT_FUNC = 2


def fail(text):
    sys.exit(f"checkelf: {text}")


def read_elf(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:5] != b"\x7fELF\x02":
        fail(f"{path}: not a 64-bit ELF file")
    return data


def load_segments(data):
    """[(vaddr, paddr, memsz)] of what gets loaded."""
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    segments = []
    for i in range(phnum):
        kind, _, _, vaddr, paddr, _, memsz = struct.unpack_from("<IIQQQQQ", data, phoff + i * phentsize)
        if kind == PT_LOAD and memsz:
            segments.append((vaddr, paddr, memsz))
    return segments


def entry_paddr(data, segments):
    """Where the entry point is in physical memory; the header may give either address."""
    entry, = struct.unpack_from("<Q", data, 24)
    for vaddr, paddr, memsz in segments:
        if vaddr <= entry < vaddr + memsz:
            return entry - vaddr + paddr
        if paddr <= entry < paddr + memsz:
            return entry
    return entry


def functions(data):
    """{name: address} of the function symbols."""
    shoff, = struct.unpack_from("<Q", data, 40)
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize) for i in range(shnum)]
    found = {}
    for section in sections:
        if section[1] != SHT_SYMTAB:
            continue
        strings = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 24):
            name, info, _, _, value, _ = struct.unpack_from("<IBBHQQ", data, at)
            if info & 15 == STT_FUNC:
                end = data.index(b"\0", strings + name)
                found[data[strings + name:end].decode()] = value
    return found


def main():
    if len(sys.argv) not in (2, 3):
        fail("usage: checkelf.py KERNEL [FIRST]")
    data = read_elf(sys.argv[1])
    segments = load_segments(data)
    if not segments:
        fail(f"{sys.argv[1]}: nothing to load")
    lowest = min(paddr for _, paddr, _ in segments)
    entry = entry_paddr(data, segments)
    if entry != lowest:
        fail(f"{sys.argv[1]}: entry {entry:#x} is not the lowest load address {lowest:#x}; OpenSBI would jump astray")
    if len(sys.argv) == 3 and functions(data) != functions(read_elf(sys.argv[2])):
        fail("functions moved between the two links: is .rodata placed before .text in kernel.ld?")


main()
