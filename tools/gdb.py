"""Umbra's commands for gdb, loaded by `make gdb`.

umbra-ps            the processes
umbra-map PID       the map entries of one process
umbra-chain ADDR    an object and what is behind it
umbra-kmap          the map of the kernel
"""

import gdb


def setup():
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute("set architecture riscv:rv64")
    gdb.execute("set disassemble-next-line auto")


def list_items(head, type_name, field):
    """The structs on a struct list, whose links are embedded as `field`."""
    kind = gdb.lookup_type(type_name)
    offset = [f.bitpos // 8 for f in kind.fields() if f.name == field][0]
    node = head["next"]
    while int(node) != int(head.address):
        yield (node.cast(gdb.lookup_type("unsigned long")) - offset).cast(kind.pointer()).dereference()
        node = node["next"]


def processes():
    head = gdb.lookup_symbol("all_procs")[0] or gdb.lookup_static_symbol("all_procs")
    return list_items(head.value(), "struct proc", "all_link")


def print_chain(obj, indent="  "):
    """An object, one line, and the objects that it shadows."""
    while int(obj) != 0:
        o = obj.dereference()
        print(f"{indent}object {int(obj):#x}: type {int(o['type'])}, {int(o['refs'])} references, "
              f"{int(o['resident'])} of {int(o['size'])} pages here, depth {int(o['depth'])}")
        obj, indent = o["backing"], indent + "  "


def print_map(vm_map):
    flags = lambda p: "".join(c if p & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
    for entry in list_items(vm_map["entries"], "struct vm_map_entry", "link"):
        print(f"{int(entry['start']):016x}-{int(entry['end']):016x} {flags(int(entry['protection']))} "
              f"offset {int(entry['offset']):#x} flags {int(entry['eflags']):#x}")
        if not int(entry["eflags"]) & 4:
            print_chain(entry["u"]["object"])


class Ps(gdb.Command):
    """umbra-ps: the processes, their state and parent"""

    def __init__(self):
        super().__init__("umbra-ps", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        for p in processes():
            parent = int(p["parent"]["pid"]) if int(p["parent"]) else 0
            names = [str(t["td"]["name"].string()) for t in list_items(p["threads"], "struct uthread", "link")]
            print(f"{int(p['pid']):6} parent {parent:6} state {int(p['state'])} {' '.join(names)}")


class Map(gdb.Command):
    """umbra-map PID: the map entries of a process, each with its chain of objects"""

    def __init__(self):
        super().__init__("umbra-map", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        for p in processes():
            if int(p["pid"]) == int(argument or 1) and int(p["vmspace"]):
                print_map(p["vmspace"]["map"])


class KernelMap(gdb.Command):
    """umbra-kmap: the kernel's map"""

    def __init__(self):
        super().__init__("umbra-kmap", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        value = gdb.parse_and_eval("kernel_map")
        print_map(value.dereference() if value.type.code == gdb.TYPE_CODE_PTR else value)


class Chain(gdb.Command):
    """umbra-chain ADDR: an object and those behind it"""

    def __init__(self):
        super().__init__("umbra-chain", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        print_chain(gdb.parse_and_eval(argument).cast(gdb.lookup_type("struct vm_object").pointer()), "")


setup()
for command in (Ps, Map, KernelMap, Chain):
    command()
