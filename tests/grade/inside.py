"""The tools for looking inside a running guest: the kernel's debugger on the console, gdb on the outside.

What they show is compared with what /proc said before. The guest is idle meanwhile, with one process asleep.
"""

import os
import re
import shutil
import subprocess
import sys

import machine
from grade.terminal import Silent, Terminal, qmp_options

GDB = ("gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb", "riscv64-linux-gnu-gdb")
BUSY_VISITS = 6
TOOLS = os.path.join(os.path.dirname(os.path.abspath(machine.__file__)), "gdb")


class Skipped(Exception):
    """The question cannot be asked here; the text says why."""


class Said:
    """Collects what was not as expected, and everything that was shown."""

    def __init__(self):
        self.problems, self.shown = [], []

    def expect(self, what, text, *patterns):
        """Each pattern must be found in the text. => the last match, or None"""
        self.shown.append(f"==== {what}\n{text}")
        match = None
        for pattern in patterns:
            match = re.search(pattern, text, re.MULTILINE)
            if match is None:
                self.problems.append(f"{what}: no {pattern!r} in {text[:600]!r}")
        return match

    def equal(self, what, got, want):
        if got != want:
            self.problems.append(f"{what}: {got!r}, expected {want!r}")

    def result(self):
        return self.problems, "\n".join(self.shown)


class Facts:
    """What /proc says about a sleeping process."""

    def __init__(self, terminal):
        terminal.expect(r"^[#$] \Z")
        terminal.shell("sleep 1000 &")
        self.pid = int(terminal.shell("echo $!"))
        # Twice: the first reading may be what brings pages of the shell and of sleep in.
        for _ in range(2):
            self.vmmap = terminal.shell(f"cat /proc/{self.pid}/vmmap")
        self.status = terminal.shell(f"cat /proc/{self.pid}/status")
        vmstat = terminal.shell("cat /proc/vmstat")
        self.counters = {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", vmstat, re.MULTILINE)}
        found = re.findall(r"^(\w+)-(\w+) (\S{3})/(\S{3}) (\w+)", self.vmmap, re.MULTILINE)
        self.entries = [(int(start, 16), int(end, 16), prot, most, inherit) for start, end, prot, most, inherit in found]
        self.gap = next(start for start, _, prot, _, _ in self.entries if prot == "---")
        text = re.search(r"^(\w+)-\w+ r-x/.*\n(?:\t.*\n)*\t(vnode)\s+(0x\w+) refs=(\d+).*resident=(\d+)", self.vmmap, re.MULTILINE)
        self.text_va, self.text_object = int(text.group(1), 16), text.group(3)
        self.text_refs, self.text_resident = int(text.group(4)), int(text.group(5))
        self.resident = int(re.search(r"VmRSS:\s*(\d+)", self.status).group(1)) // 4


def entries_in(text):
    """The entries in a map as the debugger or gdb prints it."""
    found = re.findall(r"^\s*([0-9a-f]{12})-([0-9a-f]{12}) (\S{3})/(\S{3}) (\w+)", text, re.MULTILINE)
    return [(int(start, 16), int(end, 16), prot, most, inherit) for start, end, prot, most, inherit in found]


# ---- The debugger on the console ------------------------------------------------------------------------------------------


def ask_about_processes(t, said, facts):
    said.expect("ps", t.ddb("ps"), r"^ +1 +0 .* init ", rf"^ +{facts.pid} +\d+ .* sleeping .* sleep ", r" idle0", r" syncer ")
    said.expect("bt", t.ddb("bt"), r"^  0x\w+ trap_(kernel|user)\+", r"uart_interrupt\+")
    said.expect("bt PID", t.ddb(f"bt {facts.pid}"), r"^sleep, sleeping", r"switch_to\+", r"user_syscall\+")
    said.expect("bt of nobody", t.ddb("bt 31000"), "no such thread")
    said.expect("show locks", t.ddb("show locks"), r"^\d+ locks held")


def ask_about_memory(t, said, facts):
    text = t.ddb(f"show map {facts.pid}")
    said.expect("show map", text, r"^map vmspace 0x\w+", r"vnode 0x\w+ refs")
    said.equal("show map", entries_in(text), facts.entries)
    said.expect("show map kernel", t.ddb("show map kernel"), r"submap: map kstack")
    text = t.ddb(f"show procvm {facts.pid}")
    match = said.expect("show procvm", text, r"resident (\d+) pages")
    said.equal("show procvm: resident", match and int(match.group(1)), facts.resident)
    text = t.ddb(f"show object {facts.text_object}")
    match = said.expect("show object", text, rf"^vnode {facts.text_object} refs {facts.text_refs} .* resident {facts.text_resident} ",
                        rf"^  page (0x\w+) frame (0x\w+) object {facts.text_object} index 0 ")
    if match:
        said.expect("show page", t.ddb(f"show page {match.group(1)}"), f"frame {match.group(2)} object {facts.text_object}")
        said.expect("show page PA", t.ddb(f"show page {match.group(2)}"), f"page {match.group(1)} frame {match.group(2)}")
    text = t.ddb(f"show pmap {facts.pid} {facts.text_va:#x}")
    match = said.expect("show pmap", text, r"level 2, entry +\d+ .* table", r"level 1,", r"level 0, .* -> (0x\w+), 4 KiB")
    if match:
        said.expect("the page mapped", t.ddb(f"show page {match.group(1)}"), f"object {facts.text_object} index 0 ")
    said.expect("show pmap kernel", t.ddb("show pmap kernel vm_fault"), r"level \d, .*--> |level \d, .* -> 0x\w+, \d+ KiB")
    match = said.expect("show zones", t.ddb("show zones"), r"^proc +\d+ +(\d+) ")
    # The cat that read /proc/vmstat was one of them.
    said.equal("show zones: processes", match and int(match.group(1)), facts.counters["zone_proc"] - 1)


def ask_for_memory(t, said, facts):
    said.expect("x", t.ddb(f"x/4xb {facts.pid}:{facts.text_va:#x}"), r": 7f 45 4c 46")
    said.expect("x/s", t.ddb(f"x/s {facts.pid}:{facts.text_va:#x}"), r'"\\x7fELF')
    match = said.expect("x of the kernel", t.ddb("x/2xg vm_fault"), r"^(0xf\w+): ([0-9a-f]{16}) [0-9a-f]{16}")
    if match:
        said.expect("x by address", t.ddb(f"x/g {match.group(1)}"), match.group(2))
    match = said.expect("watch counters", t.ddb("watch counters"), r"^faults +(\d+)")
    if match and not int(match.group(1)) >= facts.counters["faults"]:
        said.problems.append("watch counters: fewer faults than /proc/vmstat has seen")
    said.expect("watch counters again", t.ddb("watch counters"), "no counter has changed")


def ask_wrongly(t, said):
    """Nothing that is typed may do harm."""
    said.expect("x 0x10", t.ddb("x 0x10"), "ddb: no")
    for command in ("x/4xg 0xffffffbfffffff00", "show object 0x10", "show object 0xdeadbeefdeadbeef",
                    "show map 0xffffffe7ffffff00", "show page 0xffffffffffffff00", "bt 0xfffffffffffffff0"):
        said.expect(command, t.ddb(command), r"ddb: nothing at 0x")
    for command in ("show map 31000", "show pmap 31000 0", "show map", "show object", "show page 0x40000000", "show pmap 1",
                    "x/z 0", "x", "x nothing_of_that_name", "show nonsense", "nonsense", "show"):
        said.expect(command, t.ddb(command), r"^ddb: ")
    said.expect("an empty line", t.ddb("") + "|", r"^\|")
    said.expect("a long line", t.ddb("x" * 300), "ddb: ")
    said.expect("backspace", t.ddb("helx\x7fp"), "^show zones ")
    said.expect("the line taken back", t.ddb("nonsense\x15help"), "^show zones ")


def ddb_commands(grader, unit, _attempt):
    said = Said()
    try:
        with machine.private_dir() as folder, Terminal(grader, unit, folder) as t:
            facts = Facts(t)
            t.send("\x02help\n")  # what follows ^B at once is for the debugger, too
            begin = t.expect(r"^ddb: \^B on hart \d").end()
            t.expect(r"^x .*(\n.*)*^ddb> \Z")
            said.expect("help", t.text[begin:], r"^show object +ADDR", r"^continue ")
            ask_about_processes(t, said, facts)
            ask_about_memory(t, said, facts)
            ask_for_memory(t, said, facts)
            ask_wrongly(t, said)
            t.send("continue\n")
            t.expect(r"continue\n")
            said.equal("the shell afterwards", t.shell("echo still here").strip(), "still here")
            said.equal("the map afterwards", t.shell(f"cat /proc/{facts.pid}/vmmap"), facts.vmmap)
            said.expect("invariants afterwards", t.shell("cat /proc/vmcheck"), r"^ok")
            t.send("\x02reset\n")
            said.equal("reset: exit status", t.ended(), 125)
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()


def ddb_busy(grader, unit, _attempt):
    said = Said()
    try:
        with machine.private_dir() as folder, Terminal(grader, unit, folder) as t:
            t.expect(r"^[#$] \Z")
            t.send("/tests/smp_forks; echo its status is $?\n")
            for _ in range(BUSY_VISITS):
                t.send("\x02")
                t.expect(r"^ddb> \Z")
                said.expect("ps", t.ddb("ps"), " init ", " idle7")
                said.expect("show map", t.ddb("show map kstack"), "^map kstack")
                said.expect("show locks", t.ddb("show locks"), r"^\d+ locks held")
                said.expect("bt", t.ddb("bt"), r"uart_interrupt\+")
                t.send("continue\n")
            t.expect(r"^its status is 0$")
            t.expect(r"^[#$] \Z")
            said.expect("invariants afterwards", t.shell("cat /proc/vmcheck"), r"^ok")
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()


def ddb_panic(grader, unit, _attempt):
    said = Said()
    try:
        with machine.private_dir() as folder, Terminal(grader, unit, folder, append="ddb=1") as t:
            t.expect(r"^[#$] \Z")
            t.send("\x02panic\n")
            t.expect(r"^panic: asked for in the debugger")
            t.expect(r"^ddb: panic on hart")
            t.expect(r"^ddb> \Z")
            said.expect("continue", t.ddb("continue"), "nothing to continue")
            said.expect("bt", t.ddb("bt"), r"panic\+")
            said.expect("ps", t.ddb("ps"), r" init ")
            said.expect("a bad address", t.ddb("show object 0x10"), "ddb: nothing at 0x")
            t.send("reset\n")
            said.equal("reset: exit status", t.ended(), 125)
        with machine.private_dir() as folder, Terminal(grader, unit, folder) as t:
            t.expect(r"^[#$] \Z")
            t.send("\x02panic\n")
            t.expect(r"^panic: asked for in the debugger")
            said.equal("panic without ddb=1: exit status", t.ended(), 125)
            said.equal("prompts after it", t.text[t.at:].count("ddb> "), 0)
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()


# ---- gdb ------------------------------------------------------------------------------------------------------------------


def find_gdb():
    for name in filter(None, (os.environ.get("GDB"), *GDB)):
        path = shutil.which(name)
        if path and subprocess.run([path, "-nx", "-batch", "-ex", "python print(1)", "-ex", "set architecture riscv:rv64"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False).returncode == 0:
            return path
    raise Skipped("there is no gdb with Python that knows RISC-V")


def run_gdb(grader, gdb, target, commands):
    """=> what each command printed, by command"""
    line = [gdb, "-q", "-nx", "-batch", "-x", os.path.join(TOOLS, "umbra.py"), "-ex", target]
    for command in commands:
        line += ["-ex", f"echo \\n==== {command}\\n", "-ex", command]
    try:
        done = subprocess.run(line + [grader.file("kernel")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=grader.cap(60), check=False)
    except subprocess.TimeoutExpired as late:
        raise Silent(f"gdb does not end: {late.output!r}") from late
    text = done.stdout.decode("utf-8", "replace")
    _, *parts = re.split(r"^==== (.*)$", text, flags=re.MULTILINE)
    if not parts:
        raise Silent(f"gdb did not start: {text[-800:]}")
    return dict(zip(parts[::2], parts[1::2]))


def compare_with_proc(said, facts, answers):
    pid, va = facts.pid, facts.text_va
    said.expect("umbra ps", answers["umbra ps"], r"^ +1 .* init ", rf"^ +{pid} .* sleeping .* sleep ")
    said.equal("umbra map", entries_in(answers[f"umbra map {pid}"]), facts.entries)
    said.expect("umbra chain", answers[f"umbra chain {pid} {va:#x}"], facts.text_object, r"index 0: frame (0x\w+)")
    said.expect("umbra check", answers["umbra check"], r"^checked: \d+ entries, .* pages", r"^ok$")


def gdb_commands(grader, unit, _attempt):
    said, gdb = Said(), find_gdb()
    try:
        with machine.private_dir() as folder:
            stub = os.path.join(folder, "gdb")
            options = ["-chardev", f"socket,id=gdb,server=on,wait=off,path={machine.quote_option(stub)}", "-gdb", "chardev:gdb"]
            with Terminal(grader, unit, folder, options=options) as t:
                facts = Facts(t)
                pid, va = facts.pid, facts.text_va
                target = f"target remote {stub}"
                answers = run_gdb(grader, gdb, target, [
                    "umbra ps", f"umbra map {pid}", f"umbra chain {pid} {va:#x}", "umbra check", "umbra map kernel",
                    f"umbra why {pid} {va:#x} r", f"umbra why {pid} {va:#x} w", f"umbra why {pid} 0x1000 r",
                    f"umbra why {pid} {facts.gap:#x} w", "umbra why 31000 0", "umbra map 31000", "umbra nonsense"])
                compare_with_proc(said, facts, answers)
                said.expect("umbra map kernel", answers["umbra map kernel"], "submap")
                said.expect("why: text, read", answers[f"umbra why {pid} {va:#x} r"], "allowed, no fault")
                said.expect("why: text, write", answers[f"umbra why {pid} {va:#x} w"], "SEGV_ACCERR")
                said.expect("why: nothing", answers[f"umbra why {pid} 0x1000 r"], "SEGV_MAPERR")
                said.expect("why: a stack's gap", answers[f"umbra why {pid} {facts.gap:#x} w"], "the stack grows")
                said.expect("no such process", answers["umbra map 31000"], "no process 31000")
                said.expect("no such command", answers["umbra nonsense"], "umbra ps ")
                frame = re.search(r"index 0: frame (0x\w+)", answers[f"umbra chain {pid} {va:#x}"])
                look_for_planted_error(grader, said, gdb, target, facts, frame.group(1) if frame else "0")
                said.equal("the map afterwards", t.shell(f"cat /proc/{pid}/vmmap"), facts.vmmap)
                run_gdb(grader, gdb, target, ["umbra ddb"])
                t.expect(r"^ddb: gdb on hart \d")
                t.expect(r"^ddb> \Z")
                t.send("continue\n")
                said.equal("the shell afterwards", t.shell("echo still here")[-12:].strip(), "still here")
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()


def look_for_planted_error(grader, said, gdb, target, facts, frame):
    """umbra check must see what is wrong, each time it is."""
    page = f"umbra page {frame}"
    field = f"((struct vm_object *){facts.text_object})->resident"
    answers = run_gdb(grader, gdb, target, [page, f"set variable {field} = {field} + 1", "umbra check",
                                            f"set variable {field} = {field} - 1"])
    said.expect("umbra page", answers[page], rf"index 0 of vnode {facts.text_object}",
                rf"mapped at {facts.text_va:#x} of process {facts.pid}, r-x")
    said.expect("umbra check with an error planted", answers["umbra check"],
                rf"WRONG: object {facts.text_object}: {facts.text_resident} pages, it says {facts.text_resident + 1}",
                r"^1 problems")


# What a line of `umbra why` means for the counters of user/tests/why_subject.c; `faults` is told apart below.
OUTCOMES = (("=> the one page of zeros", "zero_reads+1"), ("=> fault_zero_fill", "zero_fill+1"),
            ("=> fault_copy_page", "cow_copies+1"), ("=> fault_move_up", "cow_moves+1"), ("SEGV_MAPERR", "MAPERR"),
            ("SEGV_ACCERR", "ACCERR"), ("is entered", ""), ("allowed, no fault", ""))


def gdb_why(grader, unit, _attempt):
    """Foretell each access of a program that waits; then let it happen."""
    said, gdb = Said(), find_gdb()
    try:
        with machine.private_dir() as folder:
            stub = os.path.join(folder, "gdb")
            options = ["-chardev", f"socket,id=gdb,server=on,wait=off,path={machine.quote_option(stub)}", "-gdb", "chardev:gdb"]
            with Terminal(grader, unit, folder, options=options) as t:
                t.expect(r"^[#$] \Z")
                begin = t.at
                t.send("/tests/why_subject\n")
                pid = t.expect(r"^ready (\d+)$").group(1)
                cases = re.findall(r"^case (\S+) (\S+) (\S)$", t.text[begin:], re.MULTILINE)
                commands = [f"umbra why {pid} {va} {access}" for _, va, access in cases]
                answers = run_gdb(grader, gdb, f"target remote {stub}", commands)
                t.send("go\n")
                t.expect(r"^[#$] \Z")
                did = dict(re.findall(r"^did (\S+) ?(.*)$", t.text[begin:], re.MULTILINE))
        said.equal("number of cases", len(cases), 13)
        for (name, _, _), command in zip(cases, commands):
            answer = answers[command]
            said.shown.append(f"==== {name}: {command}\n{answer.strip()}\n==== it did: {did.get(name)}")
            foretold = next((what for text, what in OUTCOMES if text in answer), None)
            happened = [word for word in did.get(name, "nothing").split() if not word.startswith("faults+")]
            faulted = "faults+" in did.get(name, "")
            said.equal(f"{name}: what came of it", happened, foretold.split() if foretold is not None else answer)
            said.equal(f"{name}: a fault", faulted, "allowed, " not in answer)
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()


def gdb_core(grader, unit, _attempt):
    said, gdb = Said(), find_gdb()
    try:
        with machine.private_dir() as folder:
            core = os.path.join(folder, "core")
            with Terminal(grader, unit, folder, options=qmp_options(folder)) as t:
                facts = Facts(t)
                t.qmp(("stop", {}), ("dump-guest-memory", {"paging": False, "protocol": f"file:{core}"}))
            done = subprocess.run([sys.executable, os.path.join(TOOLS, "vmcore.py"), core, gdb, grader.file("kernel")],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            said.equal("vmcore.py", (done.returncode, done.stdout), (0, ""))
            pid, va = facts.pid, facts.text_va
            answers = run_gdb(grader, gdb, f"core-file {core}",
                              ["umbra ps", f"umbra map {pid}", f"umbra chain {pid} {va:#x}", "umbra check",
                               f"umbra why {pid} {va:#x} w", "thread apply all bt 3"])
            compare_with_proc(said, facts, answers)
            said.expect("why: text, write", answers[f"umbra why {pid} {va:#x} w"], "SEGV_ACCERR")
            said.expect("a stack in the core", answers["thread apply all bt 3"], r"#0 .*\w+ \(")
    except Silent as problem:
        said.problems.append(str(problem))
    return said.result()
