"""Somebody at the console of a guest: types, and reads what comes back."""

import json
import os
import re
import socket
import time

import machine


class Silent(Exception):
    """What was waited for did not come; the text says what came instead."""


def qmp_options(folder):
    return ["-qmp", f"unix:{os.path.join(folder, 'control')},server=on,wait=off"]


class Terminal:
    """A machine with a shell on its UART.

    with Terminal(grader, unit, folder) as t:
        t.expect(r"# $")
        t.send("echo hello\\n")
    """

    def __init__(self, grader, unit, folder, append="", options=()):
        self.patience = grader.cap(30)
        self.text = ""
        self.at = 0
        self.stopping = grader.stopping
        image = grader.prepare(folder)
        self.machine = machine.Machine(folder, grader.file("kernel"), image, unit.cpus, unit.test["mem"], append,
                                       options=options, typed=True)
        self.path = os.path.join(folder, "uart")
        self.socket = None

    def __enter__(self):
        self.machine.start()
        deadline = time.monotonic() + self.patience
        while self.socket is None:
            try:
                line = socket.socket(socket.AF_UNIX)
                line.connect(self.path)
                self.socket = line
            except OSError as error:
                line.close()
                if time.monotonic() > deadline:
                    raise Silent(f"no console at all: {self.machine.read_errors()}") from error
                time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.socket is not None:
            self.socket.close()
        self.machine.stop()

    def send(self, text):
        self.socket.sendall(text.encode("latin-1"))

    def read(self, seconds):
        """=> False: the line is closed"""
        self.socket.settimeout(max(seconds, 0.01))
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return True
        except ConnectionError:
            return False
        self.text += data.decode("latin-1").replace("\r\n", "\n").replace("\r", "")
        return bool(data)

    def expect(self, pattern):
        """Wait for the pattern behind what was expected last. => the match"""
        deadline = time.monotonic() + self.patience
        closed = False
        while True:
            match = re.compile(pattern, re.MULTILINE).search(self.text, self.at)
            if match:
                self.at = match.end()
                return match
            left = deadline - time.monotonic()
            if closed or left <= 0 or self.stopping.is_set():
                raise Silent(f"no {pattern!r} but: {self.text[self.at:][-800:]!r}")
            closed = not self.read(min(left, 1))

    def answer(self, text, prompt):
        """Type a line. => what came between its echo and the next prompt"""
        begin = self.at
        self.send(text + "\n")
        end = self.expect(prompt).start()
        return self.text[begin:end].partition("\n")[2]

    def shell(self, text):
        return self.answer(text, r"^[#$] \Z")

    def ddb(self, text):
        return self.answer(text, r"^ddb> \Z")

    def qmp(self, *commands):
        """Commands for QEMU, each (name, arguments). The machine was made with qmp_options()."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(self.patience)
            line.connect(os.path.join(self.machine.dir, "control"))
            with line.makefile("rw") as stream:
                stream.readline()
                for name, arguments in (("qmp_capabilities", {}), *commands):
                    stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
                    stream.flush()
                    reply = json.loads(stream.readline())
                    while "return" not in reply and "error" not in reply:
                        reply = json.loads(stream.readline())
                    if "error" in reply:
                        raise Silent(f"QEMU refuses {name}: {reply['error']}")

    def ended(self):
        """Wait until the machine is off. => its exit status, None: it never was"""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and self.read(0.2):
            pass
        try:
            return self.machine.process.wait(timeout=max(1.0, deadline - time.monotonic()))
        except machine.subprocess.TimeoutExpired:
            return None
