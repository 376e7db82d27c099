#!/usr/bin/env python3
"""make run, qemu, qemu-gdb and gdb: Umbra on QEMU, for people and for scripts.

usage: run.py run|qemu|qemu-gdb|gdb       everything else comes from the environment, as `make` passes it:

CMD='...'     the command for /bin/sh -c, as typed ($ need not be doubled); run only
CPUS=3        harts, 1 to 8                     MEM=128M     memory
EXTRA='F...'  files to add, each HOST[:GUEST]   IMG=FILE     use and keep this disk image
APPEND='...'  more boot arguments               QEMUEXTRA=   options for QEMU as they are
TIMEOUT=60    seconds; 0: no limit; run only    BUILD=build  where kernel, mkfs and fs.img are
CORE=FILE     gdb only: a dump of the guest's memory (dump-guest-memory on QEMU's monitor) instead of a live guest

`run` prints what CMD writes, and nothing else, on standard output. Its exit status is CMD's own; 128+N when signal N
killed it; 124 when the time was over; 125 after a kernel panic, the kernel's last words then being on standard error;
126 when there was no machine to run it on.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine  # noqa: E402
from machine import Interrupted, Machine, Unusable  # noqa: E402

STATUS_TIMEOUT, STATUS_PANIC, STATUS_UNUSABLE = 124, 125, 126
# The boot arguments are one line of modest length; longer or stranger commands travel as a script on the disk.
INLINE_MAX = 1000
SCRIPT = "/tmp/.run.sh"


def setting(name, default=""):
    """A variable of make's command line; run.py started by hand takes the plain name."""
    return os.environ.get(f"UMBRA_{name}") or os.environ.get(name) or default


def complain(text):
    sys.stdout.flush()
    print(f"run: {text}", file=sys.stderr)


def build_file(name):
    return os.path.join(setting("BUILD", "build"), name)


def unmake(text):
    """Undo make's habit: who doubled a dollar before a name meant one, and who wrote four meant two."""
    text = text.replace("$$$$", "\0")
    return re.sub(r"\$\$(?=[A-Za-z0-9_{(?#@*!])", "$", text).replace("\0", "$$")


def extra_files():
    """EXTRA= as pairs (host, guest); a file without a place of its own goes to the root folder."""
    for item in shlex.split(setting("EXTRA")):
        host, colon, guest = item.rpartition(":")
        if not colon or os.path.exists(item):
            host, guest = item, os.path.basename(item)
        yield host, "/" + guest.lstrip("/")


def prepare_image(folder, script=None):
    """The disk of this run: IMG= itself, else a private copy; with the EXTRA files and the command's script in it."""
    image = setting("IMG")
    if not image or not os.path.exists(image):
        image = image or os.path.join(folder, "disk.img")
        machine.copy_image(build_file("fs.img"), image)
    for host, guest in extra_files():
        machine.add_to_image(build_file("mkfs"), image, host, guest)
    if script is not None:
        host = os.path.join(folder, "run.sh")
        with open(host, "wb") as f:
            f.write(os.fsencode(script) + b"\n")
        machine.add_to_image(build_file("mkfs"), image, host, SCRIPT)
    return image


def boot_arguments(command):
    """=> (the boot arguments, the script they need on the disk or None)"""
    inline = len(os.fsencode(command)) <= INLINE_MAX and command.isprintable() and command == command.strip()
    run = command if inline else f"/bin/sh {SCRIPT}"
    return f"{setting('APPEND')} run={run}".strip(), None if inline else command


def write_out(_number, data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def why_lost(status, m):
    """The machine ended without the command's status: say it in one line."""
    errors = m.read_errors().strip()
    if "lock" in errors and "another process" in errors:
        return f"the image {setting('IMG')} is in use by another QEMU"
    if status < 0:
        return f"QEMU was killed by {signal.Signals(-status).name}, the command's status is lost"
    return f"QEMU failed: {errors.splitlines()[-1] if errors else f'exit status {status}'}"


def judge(m, ended, status, limit):
    """=> the exit status of the run, having explained it on standard error where it is not the command's"""
    log = m.read_log()
    panic = machine.panic_text(log)
    if panic and status in (0, STATUS_PANIC) or panic and not ended:
        print(panic, file=sys.stderr, end="" if panic.endswith("\n") else "\n")
        return STATUS_PANIC
    if status == STATUS_PANIC and machine.boot_failure(log):
        print(machine.boot_failure(log), file=sys.stderr)
        return STATUS_PANIC
    if not ended:
        complain(f"no end after {limit:g} s: killed. The kernel's last lines:")
        print("\n".join(log.splitlines()[-10:]), file=sys.stderr)
        return STATUS_TIMEOUT
    # A QEMU that cannot start says why; a kernel with `quiet` may have said nothing.
    if status < 0 or (status and not log and m.read_errors().strip()):
        complain(why_lost(status, m))
        return STATUS_UNUSABLE
    return status


def run():
    command = unmake(setting("CMD"))
    if not command:
        raise Unusable("no command: make run CMD='...'")
    limit = machine.parse_seconds("TIMEOUT", setting("TIMEOUT", "60"))
    append, script = boot_arguments(command)
    cpus = machine.parse_cpus(setting("CPUS", "3"))
    mem = machine.parse_mem(setting("MEM", "128M"))
    with machine.private_dir() as folder:
        image = prepare_image(folder, script)
        with Machine(folder, build_file("kernel"), image, cpus, mem, append, consoles=1,
                     options=shlex.split(setting("QEMUEXTRA")), keep=bool(setting("IMG"))) as m:
            ended = m.run(limit, write_out)
            return judge(m, ended, m.stop(), limit)


def interactive_image():
    """IMG=, else the build's own disk, whose files persist until the image is built anew."""
    image = setting("IMG")
    source = build_file("fs.img")
    if not image:
        image = build_file("disk.img")
        if os.path.exists(image) and os.path.exists(source) and os.path.getmtime(image) < os.path.getmtime(source):
            os.unlink(image)
    if not os.path.exists(image):
        machine.copy_image(source, image)
    for host, guest in extra_files():
        machine.add_to_image(build_file("mkfs"), image, host, guest)
    return image


def interactive(options):
    """QEMU on this terminal. Ctrl-A X leaves; whatever happens, the terminal is left as it was."""
    image = interactive_image()
    command = machine.base_command(build_file("kernel"), image, machine.parse_cpus(setting("CPUS", "3")),
                                   machine.parse_mem(setting("MEM", "128M")), setting("APPEND"))
    command += ["-display", "none", "-serial", "mon:stdio"] + options + shlex.split(setting("QEMUEXTRA"))
    saved = termios.tcgetattr(0) if os.isatty(0) else None
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if saved is not None:
            termios.tcsetattr(0, termios.TCSANOW, saved)
    if "another process" in errors:
        complain(f"the image {image} is in use by another QEMU")
        return STATUS_UNUSABLE
    sys.stderr.write(errors)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def qemu_gdb():
    """As `make qemu`, stopped before the first instruction until gdb connects."""
    link = build_file("gdb.sock")
    with machine.private_dir() as folder:
        sock = os.path.join(folder, "gdb")
        # The newest machine is the one `make gdb` finds; the link changes in one step.
        os.symlink(sock, f"{link}.{os.getpid()}")
        os.replace(f"{link}.{os.getpid()}", link)
        complain(f"waiting for gdb: `make gdb`, or target remote {sock}")
        try:
            return interactive(["-S", "-chardev", f"socket,id=gdb,server=on,wait=off,path={sock}",
                                "-gdb", "chardev:gdb"])
        finally:
            if os.path.islink(link) and os.readlink(link) == sock:
                os.unlink(link)


def find_gdb():
    prefix = setting("NM", "nm").split()[-1][:-len("nm")]
    for name in (os.environ.get("GDB"), "gdb-multiarch", f"{prefix}gdb", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb",
                 "riscv64-linux-gnu-gdb"):
        if name and machine.have(name):
            return name
    raise Unusable("no gdb that knows RISC-V: run ./bootstrap")


def gdb():
    name, core = find_gdb(), setting("CORE")
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gdb")
    if core:
        sys.path.insert(0, here)
        import vmcore  # only this needs it
        try:
            vmcore.convert(core, name, build_file("kernel"))
        except (vmcore.NoCore, OSError) as error:
            raise Unusable(error) from error
        target = f"core-file {core}"
    else:
        link = setting("SOCK", build_file("gdb.sock"))
        if not os.path.exists(link):
            raise Unusable("nothing to connect to: run make qemu-gdb first, in another terminal")
        target = f"target remote {os.path.realpath(link)}"
    os.execvp(name, [name, "-q", "-x", os.path.join(here, "umbra.py"), "-ex", target, build_file("kernel")])


def main():
    goals = {"run": run, "qemu": lambda: interactive([]), "qemu-gdb": qemu_gdb, "gdb": gdb}
    if len(sys.argv) != 2 or sys.argv[1] not in goals:
        print(__doc__, file=sys.stderr)
        return 2
    machine.catch_signals()
    try:
        return goals[sys.argv[1]]()
    except Unusable as error:
        complain(error)
        return STATUS_UNUSABLE
    except Interrupted as stop:
        return 128 + stop.signum
    except BrokenPipeError:
        # Whoever read our output has gone; what is buffered has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE


def leave(status):
    """With make watching, the status goes to the file that make itself exits with."""
    path = os.environ.get("UMBRA_STATUS")
    if path:
        with open(path, "w", encoding="ascii") as f:
            print(status, file=f)
        status = 0
    sys.exit(status)


if __name__ == "__main__":
    leave(main())
