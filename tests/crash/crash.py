#!/usr/bin/env python3
"""crash.py: kill QEMU in the middle of work on files, and look at what is on the disk.

usage: crash.py [-n ROUNDS] [-s SEED] [-b BUILD] [-k]     -k keeps the image of a failed round

Each round boots the machine on the image that the last one left (so the kernel's own recovery is part of it), starts two
copies of tests/crash/load.c, kills QEMU at a random moment, and then asks:
  - does `mkfs --check` call the image consistent?
  - is every byte there that an fsync promised, and no byte of another file?
"""

import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))
import machine  # noqa: E402

UNIT = struct.Struct("<4I")
MAGIC = 0x5354414D
ZERO = bytes(UNIT.size)
LOADS = 2


class Failed(Exception):
    pass


class Round:
    """One boot, one kill, one look."""

    def __init__(self, build, image, number, rng):
        self.build, self.image, self.number, self.rng = build, image, number, rng
        self.output = b""
        self.promised = 0

    def tool(self, name):
        return os.path.join(self.build, name)

    def run(self, folder):
        seeds = [self.rng.randrange(1, 4_000_000) for _ in range(LOADS)]
        names = [f"/r{self.number}.{i}" for i in range(LOADS)]
        loads = " & ".join(f"/tmp/load {name} {seed}" for name, seed in zip(names, seeds))
        append = f"quiet run=rm -rf /r*; {loads} & wait"
        delay = self.rng.uniform(0.1, 1.5)
        start = None

        def deliver(_number, data):
            nonlocal start
            self.output += data
            if start is None:
                start = time.monotonic()

        with machine.Machine(folder, self.tool("kernel"), self.image, 3, "64M", append, consoles=1) as m:
            ended = m.run(60, deliver, lambda: start is not None and time.monotonic() > start + delay)
            m.process.kill()
            m.process.wait()
            m.drain(0, deliver)
            m.stop()
            if start is None or "panic" in m.read_log():
                raise Failed(f"the machine did not get to work (ended: {ended}):\n{m.read_log()[-2000:]}")
        if b":" in self.output:
            raise Failed(f"a load failed: {self.output[-300:]!r}")
        self.check()
        self.judge(folder, names)

    def check(self):
        done = subprocess.run([self.tool("mkfs"), "--check", self.image], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise Failed(f"mkfs --check: {done.stdout[:2000]}")

    def promises(self):
        """=> {path: (id, units, at, n, version)} of the files not touched since their last fsync"""
        kept = {}
        for line in self.output.decode(errors="replace").split("\n")[:-1]:
            word = line.split()
            if len(word) == 2 and word[0] == "touch":
                kept.pop(word[1], None)
            elif len(word) == 7 and word[0] == "keep":
                kept[word[1]] = tuple(int(w) for w in word[2:])
        return kept

    def judge(self, folder, names):
        out = os.path.join(folder, "out")
        done = subprocess.run([self.tool("mkfs"), "-x", out, self.image, *names], stderr=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode:
            raise Failed(f"mkfs -x: {done.stderr}")
        seen = {}
        for path, _, files in os.walk(out):
            for name in files:
                full = os.path.join(path, name)
                with open(full, "rb") as f:
                    self.judge_bytes(os.path.relpath(full, out), f.read(), seen)
        for name, promise in self.promises().items():
            self.judge_promise(out + name, name, promise)
            self.promised += 1
        shutil.rmtree(out)

    def judge_bytes(self, name, data, seen):
        """Every unit is a hole or says that it is at home here."""
        ids = set()
        for at in range(0, len(data) - len(data) % UNIT.size, UNIT.size):
            unit = data[at:at + UNIT.size]
            if unit == ZERO:
                continue
            magic, ident, index, _ = UNIT.unpack(unit)
            if magic != MAGIC or index != at // UNIT.size:
                raise Failed(f"{name}: at {at} are bytes from somewhere else: {unit.hex()}")
            ids.add(ident)
        if len(ids) > 1 or any(ident in seen for ident in ids):
            raise Failed(f"{name}: has bytes of another file ({ids}, {[seen.get(i) for i in ids]})")
        for ident in ids:
            seen[ident] = name

    @staticmethod
    def judge_promise(path, name, promise):
        ident, units, first, count, version = promise
        if not os.path.exists(path):
            raise Failed(f"{name}: an fsync'ed file is gone")
        with open(path, "rb") as f:
            data = f.read()
        if len(data) != units * UNIT.size:
            raise Failed(f"{name}: has {len(data)} bytes, fsync promised {units * UNIT.size}")
        for index in range(first, first + count):
            if UNIT.unpack_from(data, index * UNIT.size) != (MAGIC, ident, index, version):
                raise Failed(f"{name}: byte {index * UNIT.size} is not what fsync promised (version {version})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=50)
    parser.add_argument("-s", type=int, default=random.randrange(1 << 30))
    parser.add_argument("-b", default=os.environ.get("BUILD", "build"))
    parser.add_argument("-k", action="store_true")
    args = parser.parse_args()
    rng = random.Random(args.s)
    machine.catch_signals()
    print(f"crash: {args.n} rounds, seed {args.s}")
    with machine.private_dir() as top:
        load, image = os.path.join(top, "load"), os.path.join(top, "disk.img")
        subprocess.run([os.path.join(TOP, "tools", "umbra-cc"), os.path.join(HERE, "load.c"), "-o", load], check=True,
                       env={**os.environ, "UMBRA_BUILD": args.b})
        machine.copy_image(os.path.join(args.b, "fs.img"), image)
        machine.add_to_image(os.path.join(args.b, "mkfs"), image, load, "/tmp/load")
        promised = 0
        for number in range(args.n):
            try:
                with machine.private_dir() as folder:
                    this = Round(args.b, image, number, rng)
                    this.run(folder)
                    promised += this.promised
            except Failed as failure:
                print(f"crash: round {number}: {failure}")
                if args.k:
                    shutil.copy(image, "crash.img")
                return 1
    print(f"crash: {args.n} kills: every image consistent, {promised} promises of fsync kept")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (machine.Unusable, machine.Interrupted) as stop:
        print(f"crash: {stop}", file=sys.stderr)
        sys.exit(2)
