#!/usr/bin/env python3
"""run.py: the C library, the shell and the programs, tested on the host under qemu-riscv64 (Linux system calls).

    run.py BUILD program NAME      run BUILD/t/libc/NAME, a test program
    run.py BUILD cases FILE        run the cases of a file with the shell and programs of BUILD/user/bin

A case is a script for sh and what it prints (standard output and error together) with its status:

    ## name of the case
    echo hello
    => 0
    hello

Result lines are those of cmocka, so that tests/all.py counts them.
"""

import os
import shutil
import subprocess
import sys
import tempfile

TIMEOUT = 60


def report(good, name, detail=""):
    print(f"[  {'     OK' if good else 'FAILED'} ] {name}{detail}")
    return good


def read_cases(path):
    """Yield (name, script, status, output)."""
    with open(path, encoding="utf-8") as f:
        blocks = ("\n" + f.read()).split("\n## ")[1:]
    for block in blocks:
        name, _, rest = block.partition("\n")
        script, _, rest = ("\n" + rest).partition("\n=> ")
        status, _, output = rest.partition("\n")
        yield name.strip(), script[1:], int(status), output.rstrip("\n")


def make_commands(qemu, programs, folder):
    """Fill a folder with commands that run our programs under qemu: the host cannot execute them by itself."""
    for name in sorted(os.listdir(programs)):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {qemu} -0 {name} {os.path.join(programs, name)} "$@"\n')
        os.chmod(path, 0o755)


def prepare(folder):
    """The files that the cases work on."""
    os.mkdir(folder)
    os.mkdir(os.path.join(folder, "d"))
    files = {"t": "b 2\na 10\nc 1\na 9\n", "w": "one two\nthree\n\nfour  five six", "c": "x,1\ny,22\n", "d/f": "hi\n",
             "n": "".join(f"{i}\n" for i in range(1, 31)), "a.c": "", "b.c": "", ".hid": "", "x y": ""}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(os.path.join(folder, name), 0o644)
        os.utime(os.path.join(folder, name), (86400, 86400))
    os.symlink("t", os.path.join(folder, "l"))


def run_case(qemu, programs, top, script):
    folder = os.path.join(top, "work")
    prepare(folder)
    env = {"PATH": os.path.join(top, "bin"), "HOME": "/root", "LC_ALL": "C"}
    try:
        done = subprocess.run([qemu, "-0", "sh", os.path.join(programs, "sh"), "-c", script, "sh", "one", "two words"],
                              cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return status, done.stdout.decode("utf-8", "replace").rstrip("\n")
    except subprocess.TimeoutExpired:
        return 124, "timed out"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_cases(qemu, build, path):
    programs = os.path.join(os.path.abspath(build), "user", "bin")
    good = True
    with tempfile.TemporaryDirectory() as top:
        os.umask(0o022)
        os.mkdir(os.path.join(top, "bin"))
        make_commands(qemu, programs, os.path.join(top, "bin"))
        for name, script, status, output in read_cases(path):
            got_status, got = run_case(qemu, programs, top, script)
            if (got_status, got) == (status, output):
                report(True, name)
                continue
            print(f"{name}: expected status {status} and\n{output}\nbut got {got_status} and\n{got}\n")
            good = report(False, name)
    return good


def run_program(qemu, build, name):
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(os.path.abspath(build), "t", "libc", name)
        try:
            done = subprocess.run([qemu, program], cwd=folder, timeout=TIMEOUT, check=False)
            return done.returncode == 0 or report(False, name, f": status {done.returncode}")
        except subprocess.TimeoutExpired:
            return report(False, name, ": timed out")


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in ("program", "cases"):
        sys.exit(__doc__)
    qemu = shutil.which("qemu-riscv64") or shutil.which("qemu-riscv64-static")
    if qemu is None:
        print(f"{os.path.basename(sys.argv[3])}: no qemu-riscv64, left out")
        return 0
    run = run_program if sys.argv[2] == "program" else run_cases
    return 0 if run(qemu, sys.argv[1], sys.argv[3]) else 1


if __name__ == "__main__":
    sys.exit(main())
