"""Tests whose questions are asked on the host. Each takes (grader, unit, attempt) => (problems, output)."""

from elf import Elf

KERNEL_LIMIT = 400 << 10


def kernel_size(grader, _unit, _attempt):
    size = Elf(grader.file("kernel")).loaded_size()
    problems = [] if size < KERNEL_LIMIT else [f"text and data are {size >> 10} KiB, the limit is {KERNEL_LIMIT >> 10}"]
    return problems, f"{size >> 10} KiB"
