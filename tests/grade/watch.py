"""Watching a machine from outside: is it still getting anywhere, and where is each hart?

Over QMP, QEMU tells the program counter of each hart. A machine is stuck when for a while no hart was in a user program
and each was always in the same one or two kernel functions: asleep for good, or spinning.
"""

import bisect
import json
import os
import re
import socket
import time

from elf import Elf

FIRST_LOOK = 10.0  # seconds of wall time before the first look
INTERVAL = 1.0
LOOKS = 8  # as many looks in a row must show the same picture
KERNEL = 1 << 63


class Watch:
    """Passed to Machine.run() as its `finished`: stuck() is asked now and then."""

    def __init__(self, folder, kernel, stopping):
        self.path = os.path.join(folder, "qmp")
        self.kernel = kernel
        self.stopping = stopping
        self.next_look = time.monotonic() + FIRST_LOOK
        self.pictures = []
        self.verdict = None

    @staticmethod
    def options(folder):
        return ["-qmp", f"unix:{os.path.join(folder, 'qmp')},server=on,wait=off"]

    def stuck(self):
        """=> True to give up on the machine"""
        if self.stopping.is_set():
            return True
        now = time.monotonic()
        if now < self.next_look:
            return False
        self.next_look = now + INTERVAL
        self.look()
        return self.verdict is not None

    def look(self):
        counters = program_counters(self.path)
        if not counters:
            return
        if any(pc < KERNEL for pc in counters):
            self.pictures = []
            return
        symbols = Symbols(self.kernel)
        self.pictures.append([symbols.function(pc) for pc in counters])
        recent = self.pictures[-LOOKS:]
        if len(recent) == LOOKS and all(len(set(functions)) <= 2 for functions in zip(*recent)):
            self.verdict = f"no progress for {LOOKS * INTERVAL:.0f} s"

    def where(self):
        """One line for each hart, of a machine that still runs."""
        symbols = Symbols(self.kernel)
        return [f"hart {i}: {symbols.place(pc)}" for i, pc in enumerate(program_counters(self.path))]


def program_counters(path):
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(2)
            sock.connect(path)
            stream = sock.makefile("rw", encoding="utf-8")
            stream.readline()
            for command in ({"execute": "qmp_capabilities"}, {"execute": "human-monitor-command",
                            "arguments": {"command-line": "info registers -a"}}):
                stream.write(json.dumps(command) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
        return [int(pc, 16) for pc in re.findall(r"^ ?pc +([0-9a-f]+)", answer.get("return", ""), re.MULTILINE)]
    except (OSError, ValueError):
        return []


class Symbols:
    """The kernel's functions, by address."""

    def __init__(self, kernel):
        self.table = sorted((value, name) for name, value in Elf(kernel).functions().items())

    def find(self, pc):
        at = bisect.bisect_right(self.table, (pc, "\x7f")) - 1
        return self.table[at] if at >= 0 else (0, "?")

    def function(self, pc):
        return self.find(pc)[1]

    def place(self, pc):
        if pc < KERNEL:
            return f"{pc:#x} (user program)"
        start, name = self.find(pc)
        return f"{pc:#x} {name}+{pc - start:#x}"
