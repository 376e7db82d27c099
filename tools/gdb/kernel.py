"""The kernel's structures, as gdb sees them: found by their names in the debug information, never by offsets.

What is said by name here: variables, struct fields, enum constants. Flag bits have names in the kernel itself
(vm/vm_print.c), and what only headers know (DMAP_BASE) is read from the headers.
"""

import os
import re
import struct

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
LIST_MAX = 1 << 20  # a longer list is a broken one

# The architecture's page table entries.
PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_G, PTE_A, PTE_D = (1 << bit for bit in range(8))


class Broken(gdb.GdbError):
    """The kernel's data makes no sense; the text says what and where."""


def header_constant(path, name):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        match = re.search(rf"^#define\s+{name}\s+\(?(0x[0-9a-fA-F]+)", f.read(), re.MULTILINE)
    if not match:
        raise gdb.GdbError(f"{path} does not define {name}")
    return int(match.group(1), 16)


DMAP_BASE = header_constant("arch/riscv/vmparam.h", "DMAP_BASE")
VM_MAX_USER_ADDRESS = header_constant("arch/riscv/vmparam.h", "VM_MAX_USER_ADDRESS")


def variable(name, source=None):
    """A global or static variable of the kernel; source: the end of its file's name, where several share a name."""
    symbols = [gdb.lookup_global_symbol(name)] + list(gdb.lookup_static_symbols(name))
    for symbol in symbols:
        if symbol is not None and (source is None or symbol.symtab.filename.endswith(source)):
            return symbol.value()
    raise gdb.GdbError(f"the kernel has no variable {name}: is this its program file?")


def constant(name):
    """An enum constant."""
    return int(gdb.parse_and_eval(name))


def struct_type(name):
    return gdb.lookup_type(f"struct {name}")


def load(pointer):
    """What a pointer points to, read in one piece."""
    value = pointer.dereference()
    value.fetch_lazy()
    return value


def address(value):
    return int(value.address)


def at(addr, name):
    """The struct at an address."""
    return load(gdb.Value(addr).cast(struct_type(name).pointer()))


def field_offset(kind, field):
    return next(f.bitpos // 8 for f in kind.fields() if f.name == field)


def items(head, name, field):
    """The structs on a struct list whose links are their `field`."""
    kind = struct_type(name)
    offset = field_offset(kind, field)
    end, node = address(head), int(head["next"])
    for _ in range(LIST_MAX):
        if node == end:
            return
        if node == 0:
            break
        item = at(node - offset, name)
        following = int(item[field]["next"])
        yield item
        node = following
    raise Broken(f"the list of struct {name} at {end:#x} does not end")


def tree_items(tree, name, field):
    """The structs in a struct tree, in order."""
    kind = struct_type(name)
    offset = next((f.bitpos // 8 for f in kind.fields() if f.name == field), 0)
    stack, node = [], int(tree["root"])
    count = 0
    while stack or node:
        while node:
            stack.append(node)
            node = int(at(node, "tree_node")["child"][0])
            count += 1
            if count > LIST_MAX:
                raise Broken(f"the tree of struct {name} does not end")
        node = stack.pop()
        yield at(node - offset, name)
        node = int(at(node, "tree_node")["child"][1])


def flag_names(flags, table):
    """Names of the bits that are set, by one of the kernel's own tables."""
    names = variable(table)
    found, i = [], 0
    while int(names[i]["name"]):
        if flags & int(names[i]["bit"]):
            found.append(names[i]["name"].string())
        i += 1
    return found


def rights(prot):
    return "".join(letter if prot & bit else "-" for letter, bit in (("r", 1), ("w", 2), ("x", 4)))


# ---- Processes ------------------------------------------------------------------------------------------------------------


def processes():
    return items(variable("all_procs"), "proc", "all_link")


def threads(proc):
    return items(proc["threads"], "uthread", "link")


def find_process(pid):
    for p in processes():
        if int(p["pid"]) == pid:
            return p
    raise gdb.GdbError(f"no process {pid}")


def space_of(pid):
    """=> the struct vmspace of a process"""
    p = find_process(pid)
    if not int(p["vmspace"]):
        raise gdb.GdbError(f"process {pid} has no address space")
    return load(p["vmspace"])


def spaces():
    return items(variable("spaces", "vmspace.c"), "vmspace", "link")


# ---- Maps and objects -----------------------------------------------------------------------------------------------------


class Entry:
    """A map entry, its flags by name."""

    def __init__(self, value):
        self.value = value
        self.start, self.end = int(value["start"]), int(value["end"])
        self.prot, self.max_prot = int(value["protection"]), int(value["max_protection"])
        self.inherit = ("share", "copy", "none", "zero")[int(value["inheritance"]) & 3]
        self.offset = int(value["offset"])
        self.flags = flag_names(int(value["eflags"]), "vm_map_entry_flag_names")
        self.object = 0 if "submap" in self.flags else int(value["u"]["object"])
        fields = [f.name for f in value.type.fields()]
        self.wired = int(value["wired_count"]) if "wired_count" in fields else 0
        self.advice = int(value["advice"]) if "advice" in fields else 0

    def index(self, va):
        return (self.offset + va - self.start) >> PAGE_SHIFT

    def __str__(self):
        extra = f" wired {self.wired}" if self.wired else ""
        extra += f" advice {('normal', 'random', 'sequential')[self.advice]}" if 0 < self.advice < 3 else ""
        return (f"{self.start:012x}-{self.end:012x} {rights(self.prot)}/{rights(self.max_prot)} {self.inherit:5} "
                f"offset {self.offset:#x} {' '.join(self.flags)}{extra}").rstrip()


def entries(vm_map):
    return (Entry(value) for value in items(vm_map["entries"], "vm_map_entry", "link"))


def entry_at(vm_map, va):
    """=> the entry that contains va, or None"""
    for entry in entries(vm_map):
        if entry.start <= va < entry.end:
            return entry
    return None


TYPES = ("OBJ_ANON", "OBJ_VNODE", "OBJ_DEVICE", "OBJ_PHYS", "OBJ_KERNEL", "OBJ_DEAD")


class Object:
    """A memory object."""

    def __init__(self, addr):
        self.addr = addr
        self.value = value = at(addr, "vm_object")
        kind = int(value["type"])
        self.type = next((name[4:].lower() for name in TYPES if constant(name) == kind), "?")
        self.refs, self.size, self.resident = int(value["refs"]), int(value["size"]), int(value["resident"])
        self.flags = flag_names(int(value["flags"]), "vm_object_flag_names")
        self.backing, self.backing_off = int(value["backing"]), int(value["backing_off"])
        self.shadow_count = int(value["shadow_count"])
        self.pager = int(value["pager"])

    def page(self, index):
        """=> the struct vm_page at an index, or None"""
        offset = next((f.bitpos // 8 for f in struct_type("vm_page").fields() if f.name == "node"), 0)
        node = int(self.value["pages"]["root"])
        for _ in range(128):
            if not node:
                return None
            m = at(node - offset, "vm_page")
            if int(m["pindex"]) == index:
                return m
            node = int(at(node, "tree_node")["child"][1 if index > int(m["pindex"]) else 0])
        raise Broken(f"the page tree of object {self.addr:#x} is too deep")

    def pages(self):
        return tree_items(self.value["pages"], "vm_page", "node")

    def __str__(self):
        return (f"{self.type} {self.addr:#x} refs {self.refs} shadows {self.shadow_count} size {self.size} "
                f"resident {self.resident} {' '.join(self.flags)}").rstrip()


def chain(addr):
    """An object and those behind it."""
    seen = set()
    while addr:
        if addr in seen:
            raise Broken(f"the chain comes back to object {addr:#x}")
        seen.add(addr)
        o = Object(addr)
        yield o
        addr = o.backing


# ---- Pages and page tables ------------------------------------------------------------------------------------------------


def frame_of(page):
    return int(page["pfn"]) << PAGE_SHIFT


def page_at(pa):
    """=> the struct vm_page of a frame, or None"""
    segments = variable("segments", "vm_phys.c")
    for i in range(int(variable("nsegments", "vm_phys.c"))):
        s = segments[i]
        if int(s["first"]) <= pa >> PAGE_SHIFT < int(s["fresh"]):
            return load(s["pages"] + ((pa >> PAGE_SHIFT) - int(s["first"])))
    return None


def physical(pa, size):
    return gdb.selected_inferior().read_memory(DMAP_BASE + pa, size).tobytes()


def table(addr):
    """The 512 entries of a page table."""
    return struct.unpack("<512Q", gdb.selected_inferior().read_memory(addr, PAGE).tobytes())


def pte_frame(pte):
    return (pte >> 10) << PAGE_SHIFT


def walk(pmap, va):
    """=> [(level, entry)] from the root down, as far as the machine would read"""
    steps, base = [], int(pmap["root"])
    for level in (2, 1, 0):
        where = base + 8 * (va >> (PAGE_SHIFT + 9 * level) & 511)
        pte = struct.unpack("<Q", gdb.selected_inferior().read_memory(where, 8).tobytes())[0]
        steps.append((level, pte))
        if not pte & PTE_V or pte & (PTE_R | PTE_W | PTE_X):
            break
        base = DMAP_BASE + pte_frame(pte)
    return steps


def mappings(pmap):
    """Every valid leaf of a user space's page table: (va, entry)"""
    for i, upper in enumerate(table(int(pmap["root"]))[:VM_MAX_USER_ADDRESS + PAGE >> 30]):
        if not upper & PTE_V:
            continue
        for j, lower in enumerate(table(DMAP_BASE + pte_frame(upper))):
            if not lower & PTE_V:
                continue
            for k, pte in enumerate(table(DMAP_BASE + pte_frame(lower))):
                if pte & PTE_V:
                    yield (i << 30) + (j << 21) + (k << PAGE_SHIFT), pte


def page_behind(entry, va):
    """What a fault would find: => (depth, object, page), page None if there is none in the chain."""
    index, depth, o = entry.index(va), 0, None
    for depth, o in enumerate(chain(entry.object)):
        page = o.page(index)
        if page is not None:
            return depth, o, page
        index += o.backing_off
    return depth, o, None
