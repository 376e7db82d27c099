"""Somebody at the console of a guest: types, and reads what comes back."""

import os
import re
import socket
import time

import machine


class Silent(Exception):
    """What was waited for did not come; the text says what came instead."""


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
            if closed or left <= 0:
                raise Silent(f"no {pattern!r} but: {self.text[self.at:][-1500:]!r}")
            closed = not self.read(min(left, 1))

    def ended(self):
        """Wait until the machine is off. => its exit status, None: it never was"""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and self.read(0.2):
            pass
        try:
            return self.machine.process.wait(timeout=max(1.0, deadline - time.monotonic()))
        except machine.subprocess.TimeoutExpired:
            return None
