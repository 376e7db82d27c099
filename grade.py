#!/usr/bin/env python3
"""grade.py: boots Umbra again and again, asks it questions, and gives points for the answers.

usage: ./grade.py [options] [NAME...]       only tests whose name contains one of the NAMEs

  -l, --list            list the tests and the questions they ask; run nothing
  -j N                  N machines at once (default: as many as there are processors)
  -k EXPR               only tests matching EXPR: words found in name or tags, with and, or, not and parentheses
  --tag TAG             only tests with this tag
  --seed S              reproduce the run that printed `Seed: S`
  --repeat N            run each test N times; it passes when all N do
  --timeout-scale F     multiply all limits by F; auto (the default) measures how fast this host boots
  --keep DIR            keep logs, disk and command line of each test that did not pass
  --json F, --junit F   write the results to F as well
  --color WHEN          auto, always or never
  -v                    show the questions, and the output of tests that passed
  --build DIR           the build folder (default: build); --no-build: take it as it is

Exit status: 0 full score; 1 points lost; 2 it does not build; 3 the grader or this host failed; 4 wrong usage.
"""

import argparse
import json
import os
import queue
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.sax.saxutils

TOP = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "tests")]
import machine  # noqa: E402
from grade import evidence, hosted, suite  # noqa: E402
from grade.records import Channel, mix  # noqa: E402
from grade.watch import Watch  # noqa: E402

OK, FAIL, TIMEOUT, HANG, PANIC, BUILD, INFRA, SKIP = "OK FAIL TIMEOUT HANG PANIC BUILD INFRA SKIP".split()
EXIT_OK, EXIT_LOST, EXIT_BUILD, EXIT_INFRA, EXIT_USAGE = range(5)

# One hart: time is counted in instructions, so the same program takes the same guest time on every host. An idle hart
# waits in real time: with sleep=off QEMU would jump to the next timer while the host is still busy with a disk request,
# and on a loaded host a test could be out of time before its first block is read.
ICOUNT = ["-icount", "shift=6"]
GROUP = 6  # tests that share a boot: few, so that a crash costs little
BOOT_CAP = 20  # a boot may take this many times what it takes on an idle host
LOG_LINES = 40


class Unit:
    """One test on one kind of machine: what is run, and what came of it. Starts as FAIL, not run."""

    def __init__(self, test, cpus):
        self.test = test
        self.cpus = cpus
        self.name = test["name"]
        self.label = self.name if len(test["cpus"]) == 1 else f"{self.name}: {cpus} hart{'s' * (cpus > 1)}"
        # The points of a test are shared by its machines; what does not divide goes to the first.
        share, rest = divmod(test["points"], len(test["cpus"]))
        self.points = share + (rest if cpus == test["cpus"][0] else 0)
        self.verdict = FAIL
        self.reason = "not run"
        self.details = []
        self.output = ""
        self.seconds = 0.0
        self.runs = 0
        self.finished = False

    def machine_key(self):
        return (self.cpus, self.test["mem"])

    def settle(self, verdict, reason="", details=(), output="", seconds=0.0):
        self.verdict, self.reason, self.details = verdict, reason, list(details)
        self.output, self.seconds = output, self.seconds + seconds

    @property
    def earned(self):
        return self.points if self.verdict == OK else 0


def question_of(test):
    """The question a test asks: for guest tests, the first sentence of the program's header comment."""
    if test["kind"] != "guest":
        return test["question"]
    try:
        with open(os.path.join(TOP, "user", "tests", f"{test['name']}.c"), encoding="utf-8") as f:
            text = f.read()
    except OSError:
        return "(no such program)"
    comment = re.search(r"/\*(?! SPDX)(.*?)\*/", text, re.DOTALL)
    words = re.sub(r"\s*\n\s*\*\s*", " ", comment.group(1)).strip(" *\n") if comment else ""
    return words.split("?")[0].strip() + "?"


# ---- Choosing -------------------------------------------------------------------------------------------------------------


def matches(expression, test):
    """-k: words are looked for in the name and among the tags."""
    def word(match):
        text = match.group()
        if text in ("and", "or", "not"):
            return text
        return str(text in test["name"] or text in test["tags"])
    source = re.sub(r"[\w-]+", word, expression)
    if not re.fullmatch(r"(True|False|and|or|not|[() ])*", source):
        raise ValueError(f"-k {expression}: words, and, or, not and parentheses only")
    try:
        return bool(eval(source, {"__builtins__": {}}))  # nothing but True, False, and, or, not is left
    except SyntaxError as error:
        raise ValueError(f"-k {expression}: not an expression") from error


def choose(options):
    units = []
    for test in suite.TESTS:
        if options.names and not any(name in test["name"] for name in options.names):
            continue
        if options.tag and options.tag not in test["tags"]:
            continue
        if options.k and not matches(options.k, test):
            continue
        units += [Unit(test, cpus) for cpus in test["cpus"]]
    return units


def plan_boots(units):
    """Divide guest tests of like machines into small groups; everything else gets a machine of its own."""
    boots, open_groups = [], {}
    for unit in units:
        if unit.test["kind"] != "guest" or unit.test["alone"] or unit.test["repeat"] > 1:
            boots.append([unit])
            continue
        group = open_groups.get(unit.machine_key())
        if group is None or len(group) == GROUP:
            group = open_groups[unit.machine_key()] = []
            boots.append(group)
        group.append(unit)
    return boots


# ---- Running --------------------------------------------------------------------------------------------------------------


class Grader:
    """What all the workers share."""

    def __init__(self, options, seed):
        self.build = os.path.abspath(options.build)
        self.keep = options.keep
        self.repeat = options.repeat
        self.seed = seed
        self.scale = 1.0
        self.boot_time = 1.0
        self.stopping = threading.Event()

    def file(self, name):
        return os.path.join(self.build, name)

    def nonce(self, label):
        """Different in each run and for each boot, the same again with the same --seed."""
        value = self.seed
        for char in label:
            value = mix(value, ord(char))
        return value

    def prepare(self, folder, script=None):
        image = os.path.join(folder, "disk.img")
        machine.copy_image(self.file("fs.img"), image)
        if script is not None:
            path = os.path.join(folder, "script.sh")
            with open(path, "w", encoding="utf-8") as f:
                f.write(script)
            machine.add_to_image(self.file("mkfs"), image, path, "/tmp/test.sh")
        return image

    def options_for(self, cpus):
        return list(ICOUNT) if cpus == 1 else []

    def cap(self, limit):
        """The wall clock's share: never what decides about a healthy kernel."""
        return self.scale * (BOOT_CAP * self.boot_time + limit)

    def boot(self, unit, append, limit, script=None, nonce=0):
        """One machine from power-on to power-off. => Run"""
        with machine.private_dir() as folder:
            image = None if unit.test.get("disk") is False else self.prepare(folder, script)
            options = self.options_for(unit.cpus) + Watch.options(folder)
            with machine.Machine(folder, self.file("kernel"), image, unit.cpus, unit.test["mem"], append, consoles=2,
                                 options=options) as m:
                run = Run(m, nonce)
                watch = Watch(folder, self.file("kernel"), self.stopping)
                start = time.monotonic()
                run.ended = m.run(self.cap(limit), run.deliver, watch.stuck)
                run.seconds = time.monotonic() - start
                run.stuck = watch.verdict
                if not run.ended or watch.verdict:
                    run.where = watch.where()
                run.status = m.stop()
                run.finish()
                if self.keep:
                    run.stash = self.stash(folder)
                return run

    def stash(self, folder):
        """Set the evidence aside until the verdict is known."""
        os.makedirs(self.keep, exist_ok=True)
        target = os.path.join(self.keep, f".boot.{os.path.basename(folder)}")
        shutil.copytree(folder, target, ignore=lambda _, names: [n for n in names if n in ("qmp", "hvc0", "hvc1")])
        return target

    def keep_or_drop(self, run, units):
        """Keep what was stashed, once for each test that did not pass."""
        if not self.keep:
            return
        for unit in units:
            if unit.verdict not in (OK, SKIP):
                target = os.path.join(self.keep, unit.label.replace(": ", "@").replace(" ", "-"))
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(run.stash, target)
                for name, data in (("hvc0", run.output), ("hvc1", bytes(run.channel.raw))):
                    with open(os.path.join(target, name), "wb") as f:
                        f.write(data)
                with open(os.path.join(target, "command"), "w", encoding="utf-8") as f:
                    f.write(shlex.join(run.command) + "\n")
        shutil.rmtree(run.stash, ignore_errors=True)


class Run:
    """Everything one boot left behind."""

    def __init__(self, m, nonce):
        self.machine = m
        self.command = m.command
        self.channel = Channel(nonce)
        self.output = b""
        self.ended, self.status, self.seconds = False, None, 0.0
        self.log, self.errors, self.panic = "", "", ""
        self.stuck, self.where, self.stash = None, [], None

    def deliver(self, number, data):
        if number == 1:
            self.channel.feed(data)
        elif len(self.output) < 1 << 20:
            self.output += data

    def finish(self):
        self.log, self.errors = self.machine.read_log(), self.machine.read_errors()
        self.panic = machine.panic_text(self.log)

    def never_ran(self):
        """QEMU itself failed: not the kernel's fault."""
        return self.ended and bool(self.status) and not self.log and not self.output and bool(self.errors)

    def tail(self):
        return [f"log: {line}" for line in self.log.splitlines()[-LOG_LINES:]]

    def text(self):
        return self.output.decode("utf-8", "replace").replace("\r\n", "\n")

    def text_of(self, name):
        """What one test of a group printed, between the runner's marks."""
        match = re.search(rf"^@begin {name}\n(.*?)(^@end {name}$|\Z)", self.text(), re.DOTALL | re.MULTILINE)
        return match.group(1) if match else ""

    def failure(self):
        """Why the machine ended before the test did. => (verdict, reason, details)"""
        if self.panic:
            return PANIC, self.panic.splitlines()[0], self.panic.splitlines()[1:LOG_LINES]
        if self.stuck:
            return HANG, self.stuck, self.where + self.tail()
        if not self.ended:
            return TIMEOUT, f"no end after {self.seconds:.0f} s", self.where + self.tail()
        if self.status < 0:
            return INFRA, f"QEMU was killed by {signal.Signals(-self.status).name}", self.errors.splitlines()
        return FAIL, f"the machine ended with status {self.status} and no result", self.tail()


def judge_guest(unit, run):
    """The verdict on one test of a boot, from its records alone."""
    result = run.channel.results.get(unit.name)
    output = run.text_of(unit.name)
    lines = output.splitlines()[-LOG_LINES:]
    last = bool(run.channel.order) and run.channel.order[-1] == unit.name
    if run.channel.error and (result is None or last):
        return FAIL, f"the results cannot be trusted: {run.channel.error}", lines
    if result is None or result.status is None or (last and run.panic):
        return run.failure()
    if last and run.channel.done is None:
        return run.failure()
    if result.status == "timeout":
        return TIMEOUT, f"no end after {unit.test['limit']} s of guest time", lines
    status = int(result.status)
    if status == 77:
        return SKIP, "it cannot be asked here", lines
    if status > 128:
        return FAIL, f"killed by {signal.Signals(status - 128).name}", lines + run.tail()
    if status:
        return FAIL, f"exit status {status}", lines
    if result.broken:
        return FAIL, f"an invariant is broken: {result.broken[0]}", run.tail()
    if result.leaks:
        return FAIL, "leaked " + "; ".join(result.leaks), []
    predict = getattr(evidence, unit.name, None)
    if predict and result.values != predict(run.channel.nonce):
        return FAIL, "it reported other values than a true run does", [f"got {[hex(v) for v in result.values]}"]
    return OK, "", lines


def run_guests(grader, units, attempt=0):
    """One boot for a group. What came to no verdict because another test broke the machine gets a fresh one."""
    label = " ".join(unit.label for unit in units) + f"#{attempt}"
    nonce = grader.nonce(label)
    names = " ".join(f"{unit.name}:{unit.test['limit']}" for unit in units)
    run = grader.boot(units[0], f"init=/tests/runner {nonce:016x} {names}", sum(u.test["limit"] for u in units),
                      nonce=nonce)
    started = [unit for unit in units if unit.name in run.channel.results]
    judged = started or units[:1]
    for unit in judged:
        verdict, reason, details = judge_guest(unit, run)
        if run.never_ran():
            verdict, reason, details = INFRA, f"QEMU failed: {run.errors.strip().splitlines()[-1]}", []
        unit.settle(verdict, reason, details, run.text_of(unit.name), run.seconds / len(judged))
    grader.keep_or_drop(run, judged)
    again = [unit for unit in units if unit not in judged]
    if again and not grader.stopping.is_set():
        run_guests(grader, again, attempt)


def compare(want, got):
    """GOOD, BAD and MISSING lines around the first mismatch; nothing when equal."""
    want, got = want.splitlines(), got.splitlines()
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    if at == len(want) == len(got):
        return []
    lines = [f"GOOD    {line}" for line in want[max(0, at - 2):at]]
    lines += [f"BAD     {line}" for line in got[at:at + 3]]
    return lines + [f"MISSING {line}" for line in want[at:at + 3]]


def run_shell(grader, unit, attempt=0):
    nonce = grader.nonce(f"{unit.label}#{attempt}")
    script = unit.test["script"].replace("{nonce}", f"{nonce:016x}")
    run = grader.boot(unit, "run=/bin/sh /tmp/test.sh", unit.test["limit"], script=script)
    want = unit.test["output"].replace("{nonce}", f"{nonce:016x}")
    verdict, reason, details = OK, "", []
    mismatch = compare(want, run.text())
    if run.never_ran():
        verdict, reason = INFRA, f"QEMU failed: {run.errors.strip().splitlines()[-1]}"
    elif run.panic or run.stuck or not run.ended or run.status < 0:
        verdict, reason, details = run.failure()
    elif mismatch:
        verdict, reason, details = FAIL, "the output differs", mismatch
    elif run.status != unit.test["status"]:
        verdict, reason = FAIL, f"exit status {run.status}, expected {unit.test['status']}"
    unit.settle(verdict, reason, details, run.text(), run.seconds)
    grader.keep_or_drop(run, [unit])


def run_boot(grader, unit, attempt=0):
    """A machine that cannot work has to say so: the pattern on its console, and an end."""
    del attempt
    run = grader.boot(unit, unit.test["append"], unit.test["limit"])
    verdict, reason, details = OK, "", []
    if run.never_ran():
        verdict, reason = INFRA, f"QEMU failed: {run.errors.strip().splitlines()[-1]}"
    elif run.stuck or not run.ended:
        verdict, reason, details = run.failure()
    elif not re.search(unit.test["says"], run.log):
        verdict, reason, details = FAIL, f"the console never said {unit.test['says']!r}", run.tail()
    elif run.status == 0:
        verdict, reason, details = FAIL, "the machine ended as if all were well", run.tail()
    unit.settle(verdict, reason, details, run.log, run.seconds)
    grader.keep_or_drop(run, [unit])


def run_ktest(grader, unit, attempt=0):
    """Tests inside the kernel: a line each on the console, and the machine's status."""
    del attempt
    run = grader.boot(unit, f"ktest={unit.test['pattern']}", unit.test["limit"])
    verdict, reason, details = OK, "", []
    wrong = re.findall(r"^ktest (\w+): FAILED.*", run.log, re.MULTILINE)
    passed = re.findall(r"^ktest (\w+): ok", run.log, re.MULTILINE)
    if run.never_ran():
        verdict, reason = INFRA, f"QEMU failed: {run.errors.strip().splitlines()[-1]}"
    elif run.panic or run.stuck or not run.ended or run.status < 0:
        verdict, reason, details = run.failure()
    elif wrong:
        verdict, reason, details = FAIL, "failed: " + ", ".join(wrong), run.tail()
    elif run.status or len(passed) < unit.test["least"]:
        verdict, reason, details = FAIL, f"status {run.status}, {len(passed)} tests", run.tail()
    unit.settle(verdict, reason, details, run.log, run.seconds)
    grader.keep_or_drop(run, [unit])


def run_host(grader, unit, attempt=0):
    start = time.monotonic()
    try:
        problems, output = getattr(hosted, unit.name)(grader, unit, attempt)
    except hosted.Skipped as reason:
        unit.settle(SKIP, str(reason))
        return
    verdict = FAIL if problems else OK
    unit.settle(verdict, problems[0] if problems else "", problems[1:], output, time.monotonic() - start)


SINGLE = {"shell": run_shell, "boot": run_boot, "ktest": run_ktest, "host": run_host, "guest": lambda g, u, n: run_guests(g, [u], n)}


def run_alone(grader, unit):
    """One test, as often as it wants; only a failure of the host is tried again."""
    rounds = max(unit.test["repeat"], grader.repeat)
    for attempt in range(rounds):
        if grader.stopping.is_set():
            return
        SINGLE[unit.test["kind"]](grader, unit, attempt)
        if unit.verdict == INFRA:
            SINGLE[unit.test["kind"]](grader, unit, attempt)
        if unit.verdict != OK:
            break
        unit.runs += 1
    if rounds > 1 and unit.verdict != OK:
        unit.reason = f"{unit.reason} (in run {unit.runs + 1} of {rounds})"


def run_group(grader, units):
    try:
        if len(units) == 1 or grader.repeat > 1:
            for unit in units:
                run_alone(grader, unit)
        else:
            run_guests(grader, units)
            for unit in units:
                if unit.verdict == INFRA:
                    run_alone(grader, unit)
    except machine.Unusable as error:
        for unit in units:
            unit.settle(INFRA, str(error))
    except Exception as error:  # pylint: disable=broad-except
        # A fault of the grader must never look like one of the kernel's.
        for unit in units:
            unit.settle(INFRA, f"grader: {type(error).__name__}: {error}")
    for unit in units:
        unit.finished = True


# ---- Telling --------------------------------------------------------------------------------------------------------------


class Reporter:
    """Prints results in the order of the list, each as soon as those before it are there."""

    COLORS = {OK: "32", SKIP: "33"}

    def __init__(self, units, options, seed):
        self.units, self.verbose, self.seed = units, options.verbose, seed
        self.color = options.color == "always" or (options.color == "auto" and sys.stdout.isatty())
        self.printed = 0
        self.header = None

    def paint(self, verdict):
        return f"\033[{self.COLORS.get(verdict, '31')}m{verdict}\033[0m" if self.color else verdict

    def update(self):
        while self.printed < len(self.units) and self.units[self.printed].finished:
            self.show(self.units[self.printed])
            self.printed += 1
        sys.stdout.flush()

    def show(self, unit):
        sub = unit.label != unit.name
        if self.header != unit.name:
            print(f"== Test {unit.name} == ")
            self.header = unit.name
            if self.verbose:
                print(f"    {question_of(unit.test)}")
        indent = "  " if sub else ""
        print(f"{indent}{unit.label}: {self.paint(unit.verdict)} ({unit.seconds:.1f}s)")
        if unit.verdict != OK:
            self.explain(unit)
        elif self.verbose:
            self.indent(unit.output.splitlines()[-LOG_LINES:])

    def indent(self, lines):
        for line in lines:
            print(f"    {line}")

    def explain(self, unit):
        self.indent([unit.reason])
        if unit.verdict == SKIP:
            return
        if question_of(unit.test):
            self.indent([f"asked: {question_of(unit.test)}"])
        self.indent(unit.details)
        self.indent([f"again: ./grade.py --seed {self.seed} {unit.name}"])
        command = make_command(unit)
        if command:
            self.indent([f"   or: {command}"])


def make_command(unit):
    """The same by hand, as far as `make run` can do it."""
    if unit.test["kind"] not in ("guest", "shell"):
        return None
    command = f"/tests/{unit.name}" if unit.test["kind"] == "guest" else unit.test["script"]
    icount = f" QEMUEXTRA={shlex.quote(' '.join(ICOUNT))}" if unit.cpus == 1 else ""
    return f"make run CPUS={unit.cpus} MEM={unit.test['mem']}{icount} CMD={shlex.quote(command)}"


def as_dict(unit):
    return {"name": unit.label, "test": unit.name, "question": question_of(unit.test), "verdict": unit.verdict,
            "points": unit.earned, "max_points": unit.points, "tags": unit.test["tags"], "cpus": unit.cpus,
            "seconds": round(unit.seconds, 3), "reason": unit.reason, "details": unit.details, "output": unit.output}


def write_json(path, units, seed, seconds):
    result = {"seed": seed, "score": sum(u.earned for u in units), "max_score": sum(u.points for u in units),
              "seconds": round(seconds, 1), "tests": [as_dict(unit) for unit in units]}
    write_whole(path, json.dumps(result, indent=1) + "\n")


def clean_xml(text):
    """XML has no way to write most control characters."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]", "?", text)


def write_junit(path, units, seconds):
    escape, attribute = xml.sax.saxutils.escape, xml.sax.saxutils.quoteattr
    failed = sum(unit.verdict not in (OK, SKIP, INFRA) for unit in units)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<testsuite name="umbra" tests="{len(units)}" failures="{failed}" '
             f'errors="{sum(u.verdict == INFRA for u in units)}" skipped="{sum(u.verdict == SKIP for u in units)}" '
             f'time="{seconds:.1f}">']
    for unit in units:
        lines.append(f'<testcase classname="{unit.test["kind"]}" name={attribute(unit.label)} time="{unit.seconds:.3f}">')
        body = escape(clean_xml("\n".join(unit.details)))
        reason = attribute(clean_xml(f"{unit.verdict}: {unit.reason}"))
        if unit.verdict == SKIP:
            lines.append(f"<skipped message={reason}/>")
        elif unit.verdict != OK:
            kind = "error" if unit.verdict == INFRA else "failure"
            lines.append(f"<{kind} message={reason}>{body}</{kind}>")
        lines.append(f"<system-out>{escape(clean_xml(unit.output))}</system-out></testcase>")
    write_whole(path, "\n".join(lines) + "\n</testsuite>\n")


def write_whole(path, text):
    with open(f"{path}.new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(f"{path}.new", path)


# ---- The whole ------------------------------------------------------------------------------------------------------------


def build(grader, jobs):
    """=> the error, empty if it built"""
    command = ["make", "-s", f"-j{jobs}", f"BUILD={grader.build}"]
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or "make failed"


def calibrate(grader):
    """How long does a boot take here and now? A kernel that cannot boot gets the benefit of the default."""
    unit = Unit(dict(name="true", cpus=(1,), mem="64M", points=0, kind="shell", tags=[]), 1)
    run = grader.boot(unit, "run=true", 10)
    if run.never_ran():
        raise machine.Unusable(f"QEMU failed: {run.errors.strip().splitlines()[-1]}")
    if run.ended and run.status == 0:
        grader.boot_time = max(0.5, run.seconds)


def work(grader, tasks, reporter, lock):
    while not grader.stopping.is_set():
        try:
            units = tasks.get_nowait()
        except queue.Empty:
            return
        run_group(grader, units)
        if grader.stopping.is_set():
            return  # cut short: no verdict
        with lock:
            reporter.update()


def run_all(grader, units, jobs, reporter):
    """Longest first, so that no long test is left over at the end."""
    tasks, lock = queue.Queue(), threading.Lock()
    for boot in sorted(plan_boots(units), key=lambda boot: -sum(unit.test["limit"] for unit in boot)):
        tasks.put(boot)
    workers = [threading.Thread(target=work, args=(grader, tasks, reporter, lock)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            while worker.is_alive():
                worker.join(0.2)
    finally:
        grader.stopping.set()
        for worker in workers:
            worker.join()


def parse(argv):
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1], add_help=False)
    parser.error = usage_error
    parser.add_argument("names", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-l", "--list", action="store_true")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-k")
    parser.add_argument("--tag")
    parser.add_argument("--seed", type=lambda text: int(text, 0))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--timeout-scale", default="auto")
    parser.add_argument("--keep")
    parser.add_argument("--json")
    parser.add_argument("--junit")
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--build", default=os.environ.get("BUILD", os.path.join(TOP, "build")))
    parser.add_argument("--no-build", action="store_true")
    options = parser.parse_args(argv)
    if options.j < 1 or options.repeat < 1:
        usage_error("-j and --repeat want a number above 0")
    if options.timeout_scale != "auto":
        try:
            options.timeout_scale = float(options.timeout_scale)
        except ValueError:
            usage_error("--timeout-scale wants a number or auto")
    return options


def usage_error(text):
    print(f"grade.py: {text}; see ./grade.py --help", file=sys.stderr)
    sys.exit(EXIT_USAGE)


def list_tests(units):
    for unit in units:
        print(f"{unit.label:<28} {unit.points:>2}  {question_of(unit.test)}")


def grade(options, units):
    """=> exit status"""
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    grader = Grader(options, seed)
    if not options.no_build:
        error = build(grader, options.j)
        if error:
            print(f"BUILD: it does not build\n{error}\nScore: 0/{sum(unit.points for unit in units)}")
            for unit in units:
                unit.settle(BUILD, "it does not build")
            save(options, units, seed, 0.0)
            return EXIT_BUILD
    print(f"Seed: {seed}")
    if options.timeout_scale == "auto":
        calibrate(grader)
    else:
        grader.scale = options.timeout_scale
    reporter = Reporter(units, options, seed)
    start = time.monotonic()
    run_all(grader, units, options.j, reporter)
    save(options, units, seed, time.monotonic() - start)
    earned, total = sum(unit.earned for unit in units), sum(unit.points for unit in units if unit.verdict != SKIP)
    print(f"Score: {earned}/{total}")
    if any(unit.verdict == INFRA for unit in units):
        return EXIT_INFRA
    return EXIT_OK if earned == total else EXIT_LOST


def save(options, units, seed, seconds):
    if options.json:
        write_json(options.json, units, seed, seconds)
    if options.junit:
        write_junit(options.junit, units, seconds)


def main():
    options = parse(sys.argv[1:])
    if options.help:
        print(__doc__)
        return EXIT_OK
    try:
        units = choose(options)
    except ValueError as error:
        usage_error(str(error))
    if not units:
        usage_error("no test matches")
    if options.list:
        try:
            list_tests(units)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has seen enough; what is buffered has no reader.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_OK
    machine.catch_signals()
    try:
        return grade(options, units)
    except machine.Unusable as error:
        print(f"INFRA: {error}", file=sys.stderr)
        return EXIT_INFRA
    except machine.Interrupted as stop:
        print(f"grade.py: stopped by {stop}", file=sys.stderr)
        return EXIT_INFRA


if __name__ == "__main__":
    sys.exit(main())
