"""Tests whose questions are asked on the host. Each takes (grader, unit, attempt) => (problems, output)."""

import os
import random
import subprocess
import threading

import machine
from elf import Elf
from grade.inside import Skipped, ddb_busy, ddb_commands, ddb_panic, gdb_commands, gdb_core, gdb_why  # noqa: F401
from grade.records import MASK, Channel, mix

KERNEL_LIMIT = 400 << 10
CRASHES = 6  # cuts of the power in one run; --repeat asks for more
WINDOW = 40  # files that crash_writer keeps


def kernel_size(grader, _unit, _attempt):
    size = Elf(grader.file("kernel")).loaded_size()
    problems = [] if size < KERNEL_LIMIT else [f"text and data are {size >> 10} KiB, the limit is {KERNEL_LIMIT >> 10}"]
    return problems, f"{size >> 10} KiB"


# ---- fs_crash -------------------------------------------------------------------------------------------------------------


def crash_content(nonce, i):
    """What user/tests/crash_writer.c writes to file i."""
    length = mix(nonce, i) % 20000
    return b"".join(bytes([mix((nonce + i) & MASK, k) & 255]) * 64 for k in range((length + 63) // 64))[:length]


def cut_power(grader, unit, folder, nonce, after):
    """Run the workload and kill QEMU once `after` files are synced. => (image, files known to be synced, log)"""
    image = grader.prepare(folder)
    channel = Channel(nonce)
    append = f"init=/tests/runner {nonce:016x} crash_writer:100000"

    def synced():
        result = channel.results.get("crash_writer")
        return len(result.values) if result else 0

    with machine.Machine(folder, grader.file("kernel"), image, 1, unit.test["mem"], append, consoles=2) as m:
        m.run(grader.cap(unit.test["limit"]), lambda n, data: channel.feed(data) if n == 1 else None,
              lambda: synced() >= after or grader.stopping.is_set())
        m.stop()
        # What arrived up to the end counts: it was said after the fsync.
        for number in range(len(m.pipes)):
            m.drain(number, lambda n, data: channel.feed(data) if n == 1 else None)
        return image, synced(), m.read_log()


def mkfs(grader, *arguments):
    return subprocess.run([grader.file("mkfs"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def check_crashed(grader, image, synced, nonce):
    """=> problems"""
    done = mkfs(grader, "--check", image)
    if done.returncode:
        return ["the disk is not consistent"] + done.stdout.decode("utf-8", "replace").splitlines()[:20]
    problems = []
    # File n - WINDOW may be on its way out when n is synced.
    for i in range(max(0, synced - WINDOW + 1), synced):
        done = mkfs(grader, "--cat", f"/tmp/crash/{i}", image)
        if done.returncode:
            problems.append(f"file {i} of {synced} was synced and is not there")
        elif done.stdout != crash_content(nonce, i):
            problems.append(f"file {i} of {synced} was synced and has other bytes")
    return problems


def fs_crash(grader, unit, attempt):
    lines = []
    for cut in range(CRASHES):
        nonce = grader.nonce(f"crash{attempt}.{cut}")
        after = random.Random(nonce).randrange(1, 120)
        with machine.private_dir() as folder:
            image, synced, log = cut_power(grader, unit, folder, nonce, after)
            lines.append(f"cut {cut}: {synced} files synced")
            if grader.stopping.is_set():
                return ["stopped"], ""
            if synced < after:
                return [f"the workload stopped after {synced} files"] + log.splitlines()[-20:], "\n".join(lines)
            problems = check_crashed(grader, image, synced, nonce)
            if problems:
                return problems, "\n".join(lines)
    return [], "\n".join(lines)


# ---- boot_bad_disk --------------------------------------------------------------------------------------------------------


def damage(image, kind):
    """Make the image useless in one of several ways."""
    size = os.path.getsize(image)
    with open(image, "r+b") as f:
        if kind == "zeros":
            f.write(bytes(1 << 20))
        elif kind == "noise":
            f.write(random.Random(1).randbytes(1 << 20))
        elif kind == "magic":
            f.seek(4096)
            f.write(bytes(8))
        elif kind == "half":
            f.truncate(size // 2)
        elif kind == "empty":
            f.truncate(4096)


def boot_bad_disk(grader, unit, _attempt):
    """Each damaged disk: the machine must end, with a status that is not success, and say something about its disk."""
    problems = []
    for kind in ("zeros", "noise", "magic", "half", "empty"):
        with machine.private_dir() as folder:
            image = grader.prepare(folder)
            damage(image, kind)
            with machine.Machine(folder, grader.file("kernel"), image, 1, unit.test["mem"], "run=true", consoles=1) as m:
                ended = m.run(grader.cap(10), finished=grader.stopping.is_set)
                status = m.stop()
                tail = m.read_log().splitlines()[-3:]
            if not ended:
                problems.append(f"{kind}: the machine never ended: {tail}")
            elif status == 0:
                problems.append(f"{kind}: the machine ended as if all were well")
            elif not any(word in line for line in tail for word in ("disk", "root", "vda", "fs", "superblock")):
                problems.append(f"{kind}: nothing is said about the disk: {tail}")
    return problems, ""


# ---- run_contract ---------------------------------------------------------------------------------------------------------


def make_run(grader, command, **variables):
    """=> (exit status, standard output, standard error) of make run"""
    settings = [f"{name}={value}" for name, value in variables.items()]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "run", f"BUILD={grader.build}", f"CMD={command}", *settings], env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def run_contract(grader, _unit, attempt):
    mark = f"{grader.nonce(f'run{attempt}'):x}"
    problems = []

    def expect(what, got, status, output=None):
        if got[0] != status:
            problems.append(f"{what}: exit status {got[0]}, expected {status}: {got[2].decode(errors='replace')[-300:]}")
        elif output is not None and got[1] != output:
            problems.append(f"{what}: standard output is {got[1][:200]!r}, expected {output[:200]!r}")

    expect("its output alone", make_run(grader, f"echo {mark}; echo err >&2"), 0, f"{mark}\nerr\n".encode())
    expect("its exit status", make_run(grader, "exit 42"), 42, b"")
    expect("its exit status of a silent kernel", make_run(grader, "exit 42", APPEND="quiet"), 42, b"")
    expect("death by signal", make_run(grader, "kill -TERM $$"), 143, b"")
    expect("a crash", make_run(grader, "sh -c 'kill -SEGV $$'"), 139)
    expect("quoting", make_run(grader, f"x='a  \"{mark}\"'; echo \"$x\" '$x' | cat"), 0, f'a  "{mark}" $x\n'.encode())
    expect("several lines", make_run(grader, f"echo {mark}\necho two"), 0, f"{mark}\ntwo\n".encode())
    expect("a long command", make_run(grader, "echo " + "x" * 20000 + " | wc -c"), 0, b"20001\n")
    expect("time", make_run(grader, f"echo {mark}; sleep 1000", TIMEOUT=3), 124, f"{mark}\n".encode())
    with machine.private_dir() as folder:
        run_with_files(grader, folder, mark, expect)
    return problems, ""


def run_with_files(grader, folder, mark, expect):
    """EXTRA= and IMG=, and two runs at the same time."""
    script, image = os.path.join(folder, "hello"), os.path.join(folder, "my.img")
    with open(script, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\necho {mark}\n")
    os.chmod(script, 0o755)
    expect("a file added", make_run(grader, "/hello; ls -l /hello | cut -c 1-10 2>/dev/null; /bin/other",
                                    EXTRA=f"{script} {script}:/bin/other"), 0)
    results = [None, None]

    def both(i):
        results[i] = make_run(grader, f"echo {i} > /file; sleep 1; cat /file")
    threads = [threading.Thread(target=both, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(2):
        expect("two at once", results[i], 0, f"{i}\n".encode())
    expect("no trace is left", make_run(grader, "cat /file 2>/dev/null || echo none"), 0, b"none\n")
    expect("a disk to keep", make_run(grader, f"echo {mark} > /kept", IMG=image), 0, b"")
    expect("a disk kept", make_run(grader, "cat /kept", IMG=image), 0, f"{mark}\n".encode())
