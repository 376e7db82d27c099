"""The results channel: what the guest says on /dev/hvc1, and whether it can be believed.

One record is one line:   um NONCE SEQ KIND NAME ARGUMENTS... CHECKSUM

The checksum (FNV-1a over the text, keyed with the run's nonce, then mixed; um_checksum in user/tests/umtest.h) and the
nonce cannot be known to a program that merely prints. The runner's records are numbered from 0 without a gap; the values
that a test reports carry a number of their own, also from 0.
"""

MASK = (1 << 64) - 1


class Forged(Exception):
    """The channel does not hold together; nothing on it counts from here on."""


def mix(seed, i):
    """The i-th number of the sequence `seed`: um_mix in user/tests/umtest.h."""
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def checksum(nonce, text):
    value = 0xCBF29CE484222325 ^ nonce
    for byte in text.encode("utf-8", "replace"):
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return mix(value, 0)


class Result:
    """What the channel says about one test. `status` stays None until its end record is there."""

    def __init__(self):
        self.status = None
        self.leaks = []
        self.broken = []
        self.values = []


class Channel:
    """Reads records as they arrive. => results by test name, in `order` of their beginning"""

    def __init__(self, nonce):
        self.nonce = nonce
        self.next_seq = 0
        self.rest = b""
        self.results = {}
        self.order = []
        self.done = None
        self.error = None
        self.raw = bytearray()

    def feed(self, data):
        self.raw += data
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if self.error is None:
                try:
                    self.read(line.decode("utf-8", "replace").rstrip("\r"))
                except Forged as error:
                    self.error = str(error)

    def read(self, line):
        text, _, check = line.rpartition(" ")
        words = text.split(" ")
        if len(words) < 4 or words[0] != "um" or words[1] != f"{self.nonce:016x}":
            raise Forged(f"not a record of this run: {line[:80]!r}")
        if check != f"{checksum(self.nonce, text):016x}":
            raise Forged(f"wrong checksum: {line[:80]!r}")
        seq, kind, arguments = int(words[2]), words[3], words[4:]
        if self.done is not None:
            raise Forged(f"a record after the last one: {line[:80]!r}")
        if kind == "value":
            self.add_value(seq, arguments)
            return
        if seq != self.next_seq:
            raise Forged(f"record {seq} where {self.next_seq} was due")
        self.next_seq += 1
        self.apply(kind, arguments)

    def running(self, name):
        result = self.results.get(name)
        if result is None or result.status is not None or self.order[-1] != name:
            raise Forged(f"a record about {name}, which is not running")
        return result

    def add_value(self, seq, arguments):
        name, value = arguments
        result = self.running(name)
        if seq != len(result.values):
            raise Forged(f"value {seq} of {name} where {len(result.values)} was due")
        result.values.append(int(value, 16))

    def apply(self, kind, arguments):
        if kind == "done":
            self.done = int(arguments[0])
            return
        name = arguments[0]
        if kind == "begin":
            if name in self.results or (self.order and self.results[self.order[-1]].status is None):
                raise Forged(f"{name} begins twice, or before the one before it ended")
            self.results[name] = Result()
            self.order.append(name)
            return
        result = self.running(name)
        if kind == "leak":
            result.leaks.append(f"{arguments[1]}: {arguments[2]} before, {arguments[3]} after")
        elif kind == "check":
            result.broken.append(" ".join(arguments[1:]))
        elif kind == "end":
            result.status = arguments[1]
        else:
            raise Forged(f"unknown record {kind}")
