"""Umbra's commands for gdb: `make gdb` loads them. They work on a live guest and on a core made of a memory dump.

umbra ps                     processes and threads
umbra map PID|kernel         entries of a map, each with its chain of objects
umbra chain PID VA           the objects behind an address, and where its page is
umbra page PA                a frame: who owns it, who maps it
umbra why PID VA [r|w|x]     which way a fault would go
umbra check                  the invariants of vm that can be seen from outside
umbra ddb                    enter the kernel's own debugger, on the guest's console, when it goes on
"""

import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check import check  # noqa: E402
from kernel import (VM_MAX_USER_ADDRESS, Object, chain, entries, entry_at, find_process, flag_names, frame_of, load, mappings,  # noqa: E402
                    page_at, processes, pte_frame, rights, space_of, threads, variable)
from why import EXEC, READ, WRITE, is_zero_page, why  # noqa: E402


def number(text):
    return int(gdb.parse_and_eval(text))


def need(arguments, least, most, usage):
    if not least <= len(arguments) <= most:
        raise gdb.GdbError(f"usage: umbra {usage}")


def show_ps(arguments):
    need(arguments, 0, 0, "ps")
    states = {constant: name for name, constant in
              ((n, int(gdb.parse_and_eval(f"THREAD_{n.upper()}"))) for n in ("new", "running", "runnable", "sleeping", "dead"))}
    print(f"{'PID':>5} {'PPID':>5} {'TID':>5} {'state':10} {'hart':4} {'name':16} waits for")
    for p in processes():
        for t in threads(p):
            td = t["td"]
            why_text = td["why"].string() if int(td["why"]) else ""
            print(f"{int(p['pid']):5} {int(p['ppid']):5} {int(t['tid']):5} {states.get(int(td['state']) & 0xff, '?'):10} "
                  f"{int(td['hart']):4} {td['name'].string():16} {why_text}".rstrip())


def print_chain(addr, indent):
    for depth, o in enumerate(chain(addr)):
        print(f"{' ' * indent}{'-> ' if depth else ''}{o}")
        indent += 2


def print_map(vm_map):
    for e in entries(vm_map):
        print(e)
        if "submap" in e.flags:
            print(f"      map {e.value['u']['submap']['name'].string()}: {int(e.value['u']['submap']['nentries'])} entries")
        else:
            print_chain(e.object, 6)


def show_map(arguments):
    need(arguments, 1, 1, "map PID|kernel")
    print_map(load(variable("kernel_map")) if arguments[0] == "kernel" else space_of(number(arguments[0]))["map"])


def show_chain(arguments):
    need(arguments, 2, 2, "chain PID VA")
    va = number(arguments[1])
    e = entry_at(space_of(number(arguments[0]))["map"], va)
    if e is None:
        raise gdb.GdbError(f"nothing is mapped at {va:#x}")
    print(e)
    index = e.index(va & ~0xfff)
    for depth, o in enumerate(chain(e.object)):
        page = o.page(index)
        print(f"{'  ' * depth}  {o}")
        print(f"{'  ' * depth}    index {index}: " + (f"frame {frame_of(page):#x}" if page is not None else "no page"))
        index += o.backing_off


def show_page(arguments):
    need(arguments, 1, 1, "page PA")
    pa = number(arguments[0]) & ~0xfff
    m = page_at(pa)
    if m is None:
        raise gdb.GdbError(f"{pa:#x} is not memory, or was never used")
    aflags = " ".join(flag_names(int(m["aflags"]), "vm_page_flag_names"))
    print(f"frame {pa:#x}: struct vm_page {int(m.address):#x}, ref {int(m['ref']):#x}, busy {int(m['busy']):#x}, "
          f"queue {int(m['queue'])}, valid {int(m['valid'])}, dirty {int(m['dirty'])} {aflags}".rstrip())
    if int(m["object"]):
        print(f"  index {int(m['pindex'])} of {Object(int(m['object']))}")
    elif is_zero_page(pa):
        print("  the page of zeros")
    else:
        print("  belongs to no object")
    for p in processes():
        if not int(p["vmspace"]):
            continue
        for va, pte in mappings(load(p["vmspace"]["map"]["pmap"])):
            if pte_frame(pte) == pa:
                print(f"  mapped at {va:#x} of process {int(p['pid'])}, {rights((pte >> 1) & 7)}")


def show_why(arguments):
    need(arguments, 2, 3, "why PID VA [r|w|x]")
    access = {"r": READ, "w": WRITE, "x": EXEC}.get(arguments[2] if len(arguments) == 3 else "r")
    va = number(arguments[1])
    if access is None or not 0 <= va < VM_MAX_USER_ADDRESS:
        raise gdb.GdbError("usage: umbra why PID VA [r|w|x], VA in user space")
    find_process(number(arguments[0]))
    print("\n".join(why(number(arguments[0]), va, access)))


def show_check(arguments):
    need(arguments, 0, 0, "check")
    problems, skipped, seen = check()
    for text in skipped:
        print(f"not checked: {text}")
    for text in problems:
        print(f"WRONG: {text}")
    print("checked: " + ", ".join(f"{n} {what}" for what, n in seen.items()))
    print(f"{len(problems)} problems" if problems else "ok")


def enter_ddb(arguments):
    need(arguments, 0, 0, "ddb")
    gdb.execute("set variable ddb_request = 1")
    print("when the guest goes on, its console has the debugger's prompt")


COMMANDS = {"ps": show_ps, "map": show_map, "chain": show_chain, "page": show_page, "why": show_why, "check": show_check,
            "ddb": enter_ddb}


class Umbra(gdb.Command):
    def __init__(self):
        super().__init__("umbra", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        if not words or words[0] not in COMMANDS:
            raise gdb.GdbError(__doc__.strip())
        try:
            COMMANDS[words[0]](words[1:])
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"umbra: a pointer leads nowhere: {error}") from error

    def complete(self, text, _word):
        return [name for name in COMMANDS if name.startswith(text)]


Umbra.__doc__ = __doc__
for setting in ("pagination off", "confirm off", "architecture riscv:rv64", "disassemble-next-line auto"):
    gdb.execute(f"set {setting}")
Umbra()
