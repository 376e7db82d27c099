"""One QEMU machine running Umbra: how it is put together, watched and ended.

`make run`, `make qemu` and grade.py all start their machines here, so the devices are described once:

    bus 0  the root disk          bus 1  /dev/hvc0        bus 2  /dev/hvc1        bus 3  a second disk

QEMU numbers virtio-mmio slots downwards unless told otherwise, hence a bus= with every device. A machine uses a
private temporary folder and a process group of its own; stop() returns only when the whole group is gone.
"""

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time

QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
MAXHART = 8
LOOK = 0.5  # seconds between two calls of Machine.run()'s finished()


class Unusable(Exception):
    """The machine could not be put together or started; the text says why."""


class Interrupted(Exception):
    """A signal asked us to stop."""

    def __init__(self, signum):
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


def catch_signals():
    """Turn the usual requests to stop into an exception, so that every `finally` runs."""
    def handler(signum, _frame):
        # One is enough: a second Ctrl-C must not interrupt the cleaning up.
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(signum)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, handler)


def parse_cpus(text):
    if not text.isdigit() or not 1 <= int(text) <= MAXHART:
        raise Unusable(f"CPUS={text}: want a number from 1 to {MAXHART}")
    return int(text)


def parse_mem(text):
    if not re.fullmatch(r"[1-9][0-9]*[KMGkmg]?", text):
        raise Unusable(f"MEM={text}: want a size such as 128M")
    return text


def parse_seconds(name, text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise Unusable(f"{name}={text}: want a number of seconds")
    return seconds


def copy_image(source, target):
    """A copy that keeps the holes, by the one tool that knows how on every host."""
    if not os.path.exists(source):
        raise Unusable(f"no image {source}: run make first")
    done = subprocess.run(["cp", source, target], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Unusable(done.stderr.strip())
    os.chmod(target, 0o644)


def add_to_image(mkfs, image, host, guest):
    """Copy one host file into an image, with its mode."""
    if not os.path.isfile(host):
        raise Unusable(f"{host}: no such file")
    done = subprocess.run([mkfs, "-a", f"{host}:{guest}", image], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise Unusable(done.stderr.strip() or f"mkfs could not add {host}")


def quote_option(path):
    """A path inside a QEMU option: a comma is written twice."""
    return path.replace(",", ",,")


def base_command(kernel, image, cpus, mem, append, keep=True):
    """What every Umbra machine has; the caller adds the serial port and the rest. keep: the image outlives the machine."""
    if not os.path.exists(kernel):
        raise Unusable(f"no kernel {kernel}: run make first")
    if not have(QEMU):
        raise Unusable(f"{QEMU} is not installed: run ./bootstrap")
    command = [QEMU, "-machine", "virt", "-bios", "default", "-m", mem, "-smp", str(cpus), "-no-reboot",
               "-global", "virtio-mmio.force-legacy=false", "-kernel", kernel, "-append", append]
    if image is not None:
        command += disk_options(image, 0, 0, keep)
    return command


def disk_options(image, number, bus, keep=True):
    """A virtio disk. One that is thrown away afterwards need not wait for the host's own disk when the guest flushes;
    it survives QEMU's end all the same."""
    cache = "writeback" if keep else "unsafe"
    return ["-drive", f"file={quote_option(image)},if=none,format=raw,id=disk{number},cache={cache}",
            "-device", f"virtio-blk-device,drive=disk{number},bus=virtio-mmio-bus.{bus}"]


def console_options(number, chardev):
    """/dev/hvcN: a virtio console with its one port on the given character device."""
    return ["-device", f"virtio-serial-device,max_ports=1,id=vs{number},bus=virtio-mmio-bus.{number + 1}",
            "-device", f"virtconsole,chardev={chardev},bus=vs{number}.0"]


class Machine:
    """A headless machine. The UART goes to the file `log`; each hvc console is delivered as it comes. typed: the UART
    is a terminal as well, at the socket `uart` in the folder.

    with private_dir() as folder, Machine(folder, kernel, image, cpus, mem, append, consoles=1) as m:
        ended = m.run(limit, lambda number, data: ...)
    """

    def __init__(self, folder, kernel, image, cpus, mem, append, consoles=0, options=(), keep=False,
                 typed=False):
        self.dir = folder
        self.log = os.path.join(self.dir, "uart.log")
        self.errors = os.path.join(self.dir, "qemu.err")
        self.process = None
        self.pipes, self.writers = [], []
        command = base_command(kernel, image, cpus, mem, append, keep)
        command += ["-display", "none", "-monitor", "none",
                    "-chardev", self.uart_device(typed), "-serial", "chardev:uart"]
        for number in range(consoles):
            fifo = os.path.join(self.dir, f"hvc{number}")
            os.mkfifo(fifo, 0o600)
            command += ["-chardev", f"file,id=hvc{number},path={quote_option(fifo)}"]
            command += console_options(number, f"hvc{number}")
        self.command = command + list(options)
        self.consoles = consoles

    def uart_device(self, typed):
        log = quote_option(self.log)
        if typed:
            path = quote_option(os.path.join(self.dir, "uart"))
            return f"socket,id=uart,path={path},server=on,wait=off,logfile={log}"
        return f"file,id=uart,path={log}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Start QEMU. An inherited pipe that nobody writes tells us, by its end of file, that it is gone."""
        # A reader must be there before QEMU opens its side of a FIFO, or the open would block; a writer of our own
        # keeps it from reading as ended until then.
        for number in range(self.consoles):
            fifo = os.path.join(self.dir, f"hvc{number}")
            self.pipes.append(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
            self.writers.append(os.open(fifo, os.O_WRONLY))
        self.alive, guard = os.pipe()
        command = self.command
        # Should we be killed outright, the kernel of the host ends QEMU for us.
        if have("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL"] + command
        try:
            with open(self.errors, "wb") as errors:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                                pass_fds=[guard], start_new_session=True)
        except OSError as error:
            raise Unusable(f"cannot start {QEMU}: {error.strerror}") from error
        finally:
            os.close(guard)

    def run(self, limit, deliver=lambda number, data: None, finished=lambda: False):
        """Run to the end. => True if QEMU ended by itself, or if finished() said that is enough; False if `limit`
        seconds (0: no limit) were over first. QEMU may still be alive on return: call stop()."""
        if self.process is None:
            self.start()
        deadline = time.monotonic() + limit if limit else None
        with selectors.DefaultSelector() as selector:
            selector.register(self.alive, selectors.EVENT_READ)
            for number, pipe in enumerate(self.pipes):
                selector.register(pipe, selectors.EVENT_READ, number)
            while not finished():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                events = selector.select(LOOK if left is None else min(left, LOOK))
                gone = any(key.fd == self.alive for key, _ in events)
                for number in range(self.consoles):
                    self.drain(number, deliver)
                if gone:
                    break
        return True

    def drain(self, number, deliver):
        """Deliver what a console has said so far."""
        while True:
            try:
                data = os.read(self.pipes[number], 65536)
            except BlockingIOError:
                return
            deliver(number, data)

    def stop(self):
        """End QEMU if it still runs. => its exit status (negative: killed by that signal), None if never started"""
        if self.process is None:
            return None
        try:
            status = self.process.wait(timeout=0 if self.process.poll() is None else 1)
        except subprocess.TimeoutExpired:
            kill_group(self.process)
            status = self.process.wait(timeout=10)
        for fd in self.pipes + self.writers + [self.alive]:
            os.close(fd)
        self.pipes, self.writers, self.process = [], [], None
        return status

    def read_log(self):
        """What the kernel said on the UART; the firmware's banner before it is left out."""
        return re.sub(r"\A.*^Boot HART [^\n]*\n+", "", read_text(self.log), flags=re.DOTALL | re.MULTILINE)

    def read_errors(self):
        return read_text(self.errors)


@contextlib.contextmanager
def private_dir():
    """A folder of one's own that is gone afterwards, however that comes."""
    path = tempfile.mkdtemp(prefix="umbra-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def have(program):
    return shutil.which(program) is not None


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def read_text(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        return ""


def boot_failure(log):
    """Why the kernel could not boot, in its own words (the lines before often name the culprit), or the empty string."""
    match = re.search(r"(?:^\w+: .*\n)*^umbra: .*", log, re.MULTILINE)
    return match.group() if match else ""


def panic_text(log):
    """What the kernel said from its panic on, or the empty string."""
    match = re.search(r"^[^\n]*\bpanic: .*", log, re.MULTILINE | re.DOTALL)
    return match.group() if match else ""
