"""umbra check: the invariants of vm (docs/vm.md) that can be seen from outside, on a guest that stands still.

A guest is stopped anywhere, perhaps in the middle of a change. What a lock guards that is held is not checked, and named.
"""

import collections

from kernel import (PAGE, PTE_R, PTE_W, Entry, Object, address, chain, entries, frame_of, items, load, mappings, page_at,
                    page_behind, pte_frame, rights, spaces, tree_items, variable)
from why import is_zero_page


class Checker:
    """Collects what is wrong and how much was looked at."""

    def __init__(self):
        self.problems, self.skipped = [], []
        self.seen = collections.Counter()

    def expect(self, truth, text):
        if not truth:
            self.problems.append(text)

    # ---- Maps

    def check_entry(self, name, vm_map, e, kernel):
        where = f"map {name}: entry {e.start:#x}-{e.end:#x}"
        self.seen["entries"] += 1
        self.expect(e.start < e.end and not (e.start | e.end | e.offset) % PAGE, f"{where}: bounds or offset not aligned")
        self.expect(int(vm_map["min"]) <= e.start and e.end <= int(vm_map["max"]), f"{where}: outside the map")
        self.expect(not e.prot & ~e.max_prot, f"{where}: rights {rights(e.prot)} beyond {rights(e.max_prot)}")
        self.expect("needs-copy" not in e.flags or "cow" in e.flags, f"{where}: needs-copy without cow")
        self.expect("submap" not in e.flags or kernel, f"{where}: a submap in a user's map")
        self.expect("guard" not in e.flags or (not e.object and not e.prot), f"{where}: a guard with an object or rights")
        self.expect(e.wired >= 0, f"{where}: wired {e.wired} times")
        self.expect("user-wired" not in e.flags or e.wired > 0, f"{where}: locked by its user, but not wired")
        self.expect(("in-transition" in e.flags) == bool(int(e.value["owner"])), f"{where}: in transition, and nobody's")
        self.expect("needs-wakeup" not in e.flags or "in-transition" in e.flags, f"{where}: a wakeup for no transition")

    def check_tree(self, name, vm_map, listed):
        in_tree = [Entry(value) for value in tree_items(vm_map["tree"], "vm_map_entry", "node")]
        self.expect([e.start for e in in_tree] == [e.start for e in listed], f"map {name}: tree and list differ")
        end = int(vm_map["min"])
        for e in listed:
            self.expect(int(e.value["gap"]) == e.start - end, f"map {name}: the gap before {e.start:#x} is wrong")
            end = e.end

    def check_map(self, name, vm_map):
        """=> its entries; None: it is being changed"""
        if int(vm_map["lock"]["owner"]):
            self.skipped.append(f"map {name} is locked")
            return None
        listed = list(entries(vm_map))
        kernel = "kernel" in name
        for before, after in zip(listed, listed[1:]):
            self.expect(before.end <= after.start, f"map {name}: {after.start:#x} overlaps what is before it")
        for e in listed:
            self.check_entry(name, vm_map, e, kernel)
        self.expect(len(listed) == int(vm_map["nentries"]), f"map {name}: {len(listed)} entries, it says {vm_map['nentries']}")
        size = sum(e.end - e.start for e in listed if "guard" not in e.flags)
        self.expect(size == int(vm_map["size"]), f"map {name}: {size:#x} bytes, it says {int(vm_map['size']):#x}")
        self.check_tree(name, vm_map, listed)
        self.seen["maps"] += 1
        return listed

    def check_mapping(self, name, listed, va, pte):
        where = f"map {name}: page table at {va:#x}"
        e = next((e for e in listed if e.start <= va < e.end), None)
        self.seen["mappings"] += 1
        if e is None or "guard" in e.flags:
            self.expect(False, f"{where}: nothing is mapped there")
            return
        most = e.prot | (1 if e.prot & 2 else 0)
        if "needs-copy" in e.flags:
            most &= ~2
        have = (pte // PTE_R) & 7
        self.expect(not have & ~most, f"{where}: {rights(have)}, the entry allows {rights(most)}")
        depth, _, page = page_behind(e, va) if e.object else (0, None, None)
        if page is None:
            self.expect(is_zero_page(pte_frame(pte)), f"{where}: frame {pte_frame(pte):#x}, but the chain has no page")
            self.expect(not pte & PTE_W, f"{where}: the page of zeros is writable")
            return
        self.expect(frame_of(page) == pte_frame(pte),
                    f"{where}: frame {pte_frame(pte):#x}, but the chain has {frame_of(page):#x}")
        self.expect(int(page["valid"]) != 0, f"{where}: a page without contents")
        self.expect(not pte & PTE_W or depth == 0, f"{where}: writable, but of an object behind")

    def check_space(self, vm):
        name = f"of vmspace {address(vm):#x}"
        listed = self.check_map(name, vm["map"])
        if listed is None:
            return []
        if int(vm["map"]["pmap"]):
            leaves = list(mappings(load(vm["map"]["pmap"])))
            for va, pte in leaves:
                self.check_mapping(name, listed, va, pte)
            self.expect(len(leaves) == int(vm["map"]["pmap"]["resident"]),
                        f"map {name}: {len(leaves)} pages mapped, the pmap says {vm['map']['pmap']['resident']}")
        return listed

    # ---- Objects and pages

    def check_object(self, o, references):
        where = f"object {o.addr:#x}"
        self.seen["objects"] += 1
        if int(o.value["lock"]["owner"]):
            self.skipped.append(f"{where} is locked")
            return
        shadows = [address(s) for s in items(o.value["shadows"], "vm_object", "shadow_link")]
        self.expect(len(shadows) == o.shadow_count, f"{where}: {len(shadows)} shadows, it says {o.shadow_count}")
        if o.type == "anon" and references is not None:
            expected = references[o.addr] + o.shadow_count
            self.expect(o.refs == expected, f"{where}: {o.refs} references, {expected} are known")
        for backed in shadows:
            self.expect(Object(backed).backing == o.addr, f"{where}: shadow {backed:#x} has another backing object")
        for behind in chain(o.addr):
            self.expect(behind.type != "dead", f"{where}: a dead object is behind it")
        count, last = 0, -1
        for page in o.pages():
            self.check_page(where, o, page, last)
            count, last = count + 1, int(page["pindex"])
        self.expect(count == o.resident, f"{where}: {count} pages, it says {o.resident}")

    def check_page(self, where, o, page, last):
        self.seen["pages"] += 1
        index, where = int(page["pindex"]), f"{where}: page {int(page['pindex'])}"
        self.expect(index > last, f"{where}: out of order")
        self.expect(int(page["object"]) == o.addr, f"{where}: belongs to {int(page['object']):#x}")
        self.expect(index < o.size or int(page["busy"]) or int(page["ref"]) & 0x7fffffff, f"{where}: beyond the size {o.size}")
        self.expect(int(page["valid"]) or int(page["busy"]), f"{where}: has no contents, and nobody fetches them")
        if o.type == "device":
            return  # made for it, of frames that are nobody's
        at_frame = page_at(frame_of(page))
        self.expect(at_frame is not None and address(at_frame) == address(page), f"{where}: is not the page of its frame")

    def run(self):
        references, complete = collections.Counter(), True
        for vm in spaces():
            listed = self.check_space(vm)
            complete = complete and bool(listed)
            references.update(e.object for e in listed if e.object)
        for name in ("kernel_map", "kstack_map", "exec_map", "pipe_map", "kmem_map"):
            self.check_map(name, load(variable(name)))
        for value in items(variable("all_objects"), "vm_object", "all_link"):
            o = Object(address(value))
            if o.type != "dead" and (o.refs > 0 or o.resident > 0) and "gone" not in o.flags:
                self.check_object(o, references if complete else None)


def check():
    """=> (problems, what was left out, what was looked at)"""
    checker = Checker()
    checker.run()
    return checker.problems, checker.skipped, checker.seen
