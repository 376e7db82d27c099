"""As much of the ELF64 format as the tools need: what gets loaded where, and the names of functions."""

import struct

PT_LOAD = 1
SHT_SYMTAB, SHT_NOBITS = 2, 8
SHF_ALLOC = 2
STT_FUNC, STT_NOTYPE = 2, 0


class Elf:
    """One file, read whole. Raises ValueError when it is not ELF64."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        if self.data[:5] != b"\x7fELF\x02":
            raise ValueError(f"{path}: not a 64-bit ELF file")
        self.entry, self.phoff, self.shoff = struct.unpack_from("<QQQ", self.data, 24)
        self.phentsize, self.phnum, self.shentsize, self.shnum = struct.unpack_from("<HHHH", self.data, 54)

    def load_segments(self):
        """=> [(vaddr, paddr, memsz)]"""
        rows = (struct.unpack_from("<IIQQQQQ", self.data, self.phoff + i * self.phentsize) for i in range(self.phnum))
        return [(row[3], row[4], row[6]) for row in rows if row[0] == PT_LOAD and row[6]]

    def sections(self):
        """=> [(name, type, flags, addr, offset, size, link, info, align, entsize)]"""
        return [struct.unpack_from("<IIQQQQIIQQ", self.data, self.shoff + i * self.shentsize)
                for i in range(self.shnum)]

    def loaded_size(self):
        """Bytes of text and data: what is in the file and ends up in memory."""
        return sum(row[5] for row in self.sections() if row[2] & SHF_ALLOC and row[1] != SHT_NOBITS)

    def functions(self):
        """=> {name: address}; assembly labels have no type, and count"""
        sections = self.sections()
        found = {}
        for table in (row for row in sections if row[1] == SHT_SYMTAB):
            strings = sections[table[6]][4]
            for at in range(table[4], table[4] + table[5], 24):
                name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                if name and info & 15 in (STT_FUNC, STT_NOTYPE) and 0 < section < 0xff00:
                    end = self.data.index(b"\0", strings + name)
                    found[self.data[strings + name:end].decode()] = value
        return found
