"""umbra why: which way a fault would go. Each step names the function of vm/ that decides it."""

from kernel import (PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X, VM_MAX_USER_ADDRESS, Object, chain, entry_at, frame_of, rights,
                    space_of, variable, walk)

READ, WRITE, EXEC = 1, 2, 4


def table_says(pmap, va, access):
    """What the hardware would say. => (does it go through, a line)"""
    level, pte = walk(pmap, va)[-1]
    bits = {READ: PTE_R, WRITE: PTE_W, EXEC: PTE_X}[access]
    if not pte & PTE_V:
        return False, f"page table: level {level} entry is invalid"
    have = f"page table: frame {pte >> 10 << 12:#x} {rights((pte >> 1) & 7)}"
    if not pte & bits:
        return False, f"{have}: not the right that is needed"
    if not pte & PTE_A or access == WRITE and not pte & PTE_D:
        return True, f"{have}: allowed, once pmap_fault_fixup has set the accessed or dirty bit"
    return True, f"{have}: allowed, no fault"


def stack_above(vm, va):
    """=> the growing stack whose gap contains va, or None"""
    gap = entry_at(vm["map"], va)
    above = entry_at(vm["map"], gap.end) if gap is not None and "guard" in gap.flags else None
    return above if above is not None and "grows-down" in above.flags else None


def lookup(vm, va, access):
    """vm_map_lookup. => (entry or None, lines)"""
    entry = entry_at(vm["map"], va)
    if va >= VM_MAX_USER_ADDRESS or entry is None:
        return None, ["vm_map_lookup: no entry", "=> EFAULT: SIGSEGV, SEGV_MAPERR"]
    lines = [f"vm_map_lookup: entry {entry}"]
    if "guard" in entry.flags or "no-fault" in entry.flags:
        if stack_above(vm, va) is not None:
            return None, lines + ["vm_map_growstack: the gap below a stack",
                                  "=> the stack grows, if limits and the guard gap allow it, and the fault starts over"]
        return None, lines + ["=> EFAULT: SIGSEGV, SEGV_MAPERR"]
    have = entry.prot | (READ if entry.prot & WRITE else 0)
    if access & ~have:
        return None, lines + [f"lookup_rights: needs {rights(access)}, has {rights(have)}",
                              "=> EACCES: SIGSEGV, SEGV_ACCERR"]
    return entry, lines


def find(entry, va):
    """fault_find. => (depth, object, page or None, index in that object, lines)"""
    index, lines, depth, o = entry.index(va), [], 0, None
    for depth, o in enumerate(chain(entry.object)):
        page = o.page(index)
        lines.append(f"fault_find: {'behind it, ' if depth else ''}object {o}: index {index} is "
                     f"{'here' if page is not None else 'missing'}")
        if page is not None:
            return depth, o, page, index, lines
        last, index = index, index + o.backing_off
    return depth, o, None, last, lines


def takes_zero_page(entry, access, flags):
    """fault_takes_zero_page; flags: of the object in front."""
    return (access != WRITE and not entry.wired and entry.inherit != "share" and "shared" not in entry.flags and
            ("needs-copy" in entry.flags or "one-mapping" in flags))


def missing(entry, access, flags, o, index):
    """Nothing in the chain, whose last object is o (None: there is no chain yet)."""
    if o is not None and o.pager:
        if index >= o.size:
            return ["=> beyond the end of the object: SIGBUS, BUS_ADRERR"]
        return ["=> the pager fills a page, and the fault starts over"]
    if takes_zero_page(entry, access, flags):
        return ["fault_takes_zero_page: a read of untouched private memory", "=> the one page of zeros, read-only"]
    return ["=> fault_zero_fill: a fresh page of zeros in the object in front"]


def copy_up(entry, access, depth, o, page, new_shadow):
    """fault_copy_up. depth: how far behind the object in front; new_shadow: that one has yet to be made."""
    if int(page["busy"]):
        return [f"=> the page is busy ({int(page['busy']):#x}): wait, and start over"]
    frame = f"frame {frame_of(page):#x}"
    if depth == 0 and not new_shadow:
        have = entry.prot & ~WRITE if "needs-copy" in entry.flags and access != WRITE else entry.prot
        return [f"=> {frame} is entered with {rights(have)}"]
    if access != WRITE:
        return [f"=> {frame} is entered read-only: it is of an object behind"]
    wired = int(page["ref"]) & 0x7fffffff
    if depth == 1 and not new_shadow and o.type == "anon" and o.refs == 1 and not wired:
        return [f"fault_can_move: nobody else can see {frame}", "=> fault_move_up: it moves to the object in front"]
    return [f"=> fault_copy_page: {frame} is copied into the object in front"]


def make_shadow(entry):
    """A write to an entry that needs a copy. => (is a shadow made, lines)"""
    o = Object(entry.object)
    if o.type == "anon" and o.refs == 1:
        return False, ["make_shadow: needs-copy, but nobody else has the object any more: it need not"]
    return True, ["make_shadow: needs-copy: a shadow object is put in front"]


def why(pid, va, access):
    """=> lines that follow the access to its end"""
    vm = space_of(pid)
    va &= ~0xfff
    allowed, line = table_says(vm["map"]["pmap"], va, access)
    lines = [line]
    if allowed:
        return lines
    entry, more = lookup(vm, va, access)
    lines += more
    if entry is None:
        return lines
    if "in-transition" in entry.flags:
        lines.append("wait_for_wirer: somebody changes its wiring: wait for the end of that first")
    if not entry.object:
        # A new object is its entry's alone.
        return lines + ["give_object: an object is made for untouched memory"] + missing(entry, access, ["one-mapping"], None, 0)
    new_shadow = False
    if "needs-copy" in entry.flags and access == WRITE:
        new_shadow, more = make_shadow(entry)
        lines += more
    depth, o, page, index, more = find(entry, va)
    lines += more
    if page is None:
        return lines + missing(entry, access, Object(entry.object).flags, o, index)
    return lines + copy_up(entry, access, depth, o, page, new_shadow)


def is_zero_page(pa):
    """Is that the frame of the page of zeros?"""
    page = variable("zero_page", "vm_fault.c")
    return bool(int(page)) and frame_of(page.dereference()) == pa
