"""Make a dump of the guest's memory readable for gdb, in place.

QEMU's dump-guest-memory writes an ELF core that knows physical addresses only. Nothing in it moves: a new table of
program headers at its end says where the kernel sees that memory:

    direct map     all of RAM at DMAP_BASE + physical address
    image          where it is linked
    kernel_map     what the kernel's page table maps there: kernel stacks, large kernel memory

The last needs the page table, whose root gdb finds (the debug information knows where) in a core that has the first two.
"""

import os
import re
import struct
import subprocess
import sys

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
PT_LOAD, PT_NOTE = 1, 4
PAGE = 4096
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class NoCore(Exception):
    """The file cannot be used; the text says why."""


def constant(path, name):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return int(re.search(rf"^#define\s+{name}\s+\(?(0x[0-9a-fA-F]+)", f.read(), re.MULTILINE).group(1), 16)


class Core:
    """An ELF core, open for changing its program headers."""

    def __init__(self, path):
        self.file = open(path, "r+b")
        self.header = list(HEADER.unpack(self.file.read(HEADER.size)))
        if self.header[0][:4] != b"\x7fELF" or self.header[1] != 4:
            raise NoCore(f"{path} is not a memory dump: make it with dump-guest-memory")
        self.file.seek(self.header[5])
        self.segments = [SEGMENT.unpack(self.file.read(SEGMENT.size)) for _ in range(self.header[10])]
        self.dmap = constant("arch/riscv/vmparam.h", "DMAP_BASE")

    def ram(self):
        """=> [(physical address, size, offset in the file)]"""
        return sorted({(pa, size, offset) for kind, _, offset, _, pa, size, _, _ in self.segments if kind == PT_LOAD})

    def is_done(self):
        return any(kind == PT_LOAD and va >= self.dmap for kind, _, _, va, _, _, _, _ in self.segments)

    def find(self, pa, size):
        """Where physical memory is in the file; None: not in it."""
        for start, length, offset in self.ram():
            if start <= pa and pa + size <= start + length:
                return offset + pa - start
        return None

    def read(self, pa, size):
        offset = self.find(pa, size)
        if offset is None:
            raise NoCore(f"the dump has no memory at {pa:#x}")
        self.file.seek(offset)
        return self.file.read(size)

    def write(self, loads):
        """loads: [(virtual address, physical address, size)]"""
        notes = [segment for segment in self.segments if segment[0] == PT_NOTE]
        table = notes + [(PT_LOAD, 7, self.find(pa, size), va, pa, size, size, 0) for va, pa, size in loads]
        self.file.seek(0, os.SEEK_END)
        self.header[5], self.header[10] = self.file.tell(), len(table)
        self.header[8] = HEADER.size  # QEMU has the section headers' size there
        self.file.write(b"".join(SEGMENT.pack(*segment) for segment in table))
        self.file.seek(0)
        self.file.write(HEADER.pack(*self.header))
        self.file.flush()
        self.segments = table


def image_loads(core, kernel):
    """The segments of the kernel's program file."""
    with open(kernel, "rb") as f:
        header = HEADER.unpack(f.read(HEADER.size))
        f.seek(header[5])
        segments = [SEGMENT.unpack(f.read(SEGMENT.size)) for _ in range(header[10])]
    offset = constant("arch/riscv/asm.h", "LINK_OFFSET")
    for kind, _, _, va, _, _, size, _ in segments:
        if kind == PT_LOAD and size and core.find(va - offset, size) is not None:
            yield va, va - offset, size


def kernel_map_loads(core, root):
    """What the page table maps between the direct map and the image, page by page, neighbours joined."""
    low = constant("arch/riscv/vmparam.h", "VM_MIN_KERNEL_ADDRESS")
    first = (low >> 30) & 511
    run = None

    def entries(pa):
        return enumerate(struct.unpack("<512Q", core.read(pa, PAGE)))

    for i, upper in entries(root):
        if not first <= i < 510 or upper & 15 != 1:
            continue
        for j, lower in entries(upper >> 10 << 12):
            if lower & 15 != 1:
                continue
            for k, pte in entries(lower >> 10 << 12):
                va, pa = (-1 << 39) + (i << 30) + (j << 21) + (k << 12) & (1 << 64) - 1, pte >> 10 << 12
                if not pte & 1 or core.find(pa, PAGE) is None:
                    continue
                if run and (va, pa) == (run[0] + run[2], run[1] + run[2]):
                    run[2] += PAGE
                    continue
                if run:
                    yield tuple(run)
                run = [va, pa, PAGE]
    if run:
        yield tuple(run)


def page_table_root(gdb, kernel, path):
    """The physical address of the kernel's page table."""
    done = subprocess.run([gdb, "-q", "-nx", "-batch", "-ex", "set architecture riscv:rv64", "-ex", f"core-file {path}",
                           "-ex", "print /x (unsigned long)kernel_pmap->root", kernel],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    match = re.search(r"^\$1 = (0x[0-9a-f]+)", done.stdout, re.MULTILINE)
    if not match:
        raise NoCore("the dump is not of this kernel: " + (done.stdout.strip().splitlines() or ["gdb says nothing"])[-1])
    return int(match.group(1), 16)


def convert(path, gdb, kernel):
    """Make the dump at `path` readable. => nothing; done before: nothing happens"""
    core = Core(path)
    if core.is_done():
        return
    loads = [(core.dmap + pa, pa, size) for pa, size, _ in core.ram()] + list(image_loads(core, kernel))
    core.write(loads)
    root = page_table_root(gdb, kernel, path) - core.dmap
    core.write(loads + list(kernel_map_loads(core, root)))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: vmcore.py DUMP GDB KERNEL")
    try:
        convert(*sys.argv[1:])
    except (NoCore, OSError) as problem:
        sys.exit(f"vmcore: {problem}")
