#!/usr/bin/env python3
"""make bench: what operations cost on Umbra, in guest instructions, beside Linux and xv6 on the same emulator.

usage: bench.py [ROW...]        BUILD=build says where the kernel is; MEM=512M, as the peers had

One hart, one virtual nanosecond an instruction (-icount shift=0): the figures depend on the build, not on the host. The peers' figures
were measured with the same recipe: Linux is Debian's 6.12 riscv64 kernel, `lean` with its hardening and accounting off.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RECIPE = "-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01,clock=vm"

# row: (Linux lean, xv6, goal), instructions per operation
PEERS = {
    "null": (266, 1130, 200),
    "pipe": (13212, 95786, 5000),
    "yield-switch": (2857, None, 900),
    "fork-small": (181717, 564415, 60000),
    "fork-1m": (285073, 12283165, 75000),
    "fork-16m": (1753830, 188372967, 200000),
    "fork-64m": (6466860, 751735033, 280000),
    "refork-1m": (620880, 12283940, 350000),
    "cow-copy": (4388, None, 2200),
    "cow-reuse": (1302, None, 700),
    "chain-read": (5, None, 60),
    "chain-write": (4345, None, 2300),
    "exec-tiny": (313528, 1643626, 110000),
    "exec-self": (530880, 1798460, 180000),
    "mmap-64k": (12409, None, 2500),
    "zero-write": (3373, 24956, 1600),
    "zero-read": (1137, None, 800),
    "zero-unmap": (978, 12604, 300),
    "file-read": (493, None, 300),
    "file-write": (4555, None, 2300),
    "mprotect": (13911, None, 4000),
    "many-mmap": (9346, None, 3000),
    "many-fault": (5231, None, 2000),
    "many-munmap": (10445, None, 3500),
    "read-4k": (0.676, 34, 0.5),
    "segv": (10626, None, 4000),
    "map-100": (None, None, None),
    "map-10k": (None, None, None),
    "map-100k": (None, None, None),
    "boot": (None, 427000000, 40000000),
}


def show(value):
    if value is None:
        return "-"
    return f"{value:,.3f}" if value < 10 else f"{value:,.0f}"


def mark(cost, lean, goal):
    if goal is None:
        return ""
    if cost <= goal:
        return "goal"
    return "" if lean is None or cost <= lean else "ABOVE LINUX"


def main():
    if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print(__doc__.strip())
        return 0
    unknown = [row for row in sys.argv[1:] if row not in PEERS]
    if unknown:
        print(f"bench: no such row: {unknown[0]} (rows: {' '.join(PEERS)})", file=sys.stderr)
        return 2
    env = dict(os.environ, CMD=" ".join(["bench"] + sys.argv[1:]), QEMUEXTRA=RECIPE, CPUS="1", TIMEOUT="0", APPEND="quiet")
    env.setdefault("MEM", "512M")
    run = subprocess.Popen([sys.executable, os.path.join(HERE, "run.py"), "run"], env=env, stdout=subprocess.PIPE, text=True)
    print(f"{'instructions per operation':28}{'Umbra':>14}{'Linux lean':>14}{'xv6':>14}{'goal':>13}", flush=True)
    for line in run.stdout:
        row, _, cost = line.partition(" ")
        if row not in PEERS:
            print(line, end="")
            continue
        lean, xv6, goal = PEERS[row]
        cost = float(cost)
        print(f"{row:28}{show(cost):>14}{show(lean):>14}{show(xv6):>14}{show(goal):>13}  {mark(cost, lean, goal)}", flush=True)
    return run.wait()


if __name__ == "__main__":
    sys.exit(main())
