"""All tests of the grade, in one place.

guest(NAME)          the program user/tests/NAME.c, whose header comment is the question
shell(NAME, ...)     lines for /bin/sh, their output and their exit status; {nonce} is different in each run
boot(NAME, ...)      a machine that is to say something on its console
host(NAME, ...)      a function of tests/grade/hosted.py

Options of all: points, tags, cpus (one sub-test for each number of harts), mem, limit (seconds: of guest time for guest
tests), repeat (that many runs, all of which must pass). Tests of one machine share a boot unless alone=True.
"""

TESTS = []


def add(kind, name, question="", points=1, tags="", cpus=(1,), mem="64M", limit=60, repeat=1, alone=False, **more):
    TESTS.append(dict(kind=kind, name=name, question=question, points=points, tags=tags.split(), cpus=cpus, mem=mem,
                      limit=limit, repeat=repeat, alone=alone, **more))


def guest(name, **options):
    tags = f"guest {name.split('_')[0]} {options.pop('tags', '')}"
    add("guest", name, tags=tags, **options)


def shell(name, question, script, output, status=0, **options):
    tags = f"shell {options.pop('tags', '')}"
    add("shell", name, question, script=script, output=output, status=status, tags=tags, **options)


def boot(name, question, says, append="", **options):
    tags = f"boot {options.pop('tags', '')}"
    add("boot", name, question, says=says, append=append, tags=tags, **options)


def host(name, question, **options):
    tags = f"host {options.pop('tags', '')}"
    add("host", name, question, tags=tags, **options)


ALL = (1, 3, 8)

# ---- fork and copy-on-write ---------------------------------------------------------------------------------------------

guest("fork_cow", points=3, cpus=ALL)
guest("fork_everything")
guest("fork_shared", points=2, cpus=(1, 3))
guest("fork_kernel_write", points=2)
guest("fork_protect", points=2)
guest("fork_deep", points=2)
guest("fork_inherit", points=2)
guest("fork_tree", points=4, cpus=ALL, limit=300, alone=True)
guest("fork_generations", points=4, limit=600, alone=True)

# ---- mappings -----------------------------------------------------------------------------------------------------------

guest("mmap_errors", points=3)
guest("munmap_errors", points=2)
guest("mprotect_errors", points=2)
guest("mmap_fixed", points=2)
guest("mmap_access", points=2)
guest("mmap_zero", points=2, cpus=(1, 3))
guest("mmap_many", points=2)
guest("mmap_limit", points=1)
guest("mprotect_split", points=2)
guest("brk_exact", points=1)

# ---- faults and stacks --------------------------------------------------------------------------------------------------

guest("fault_wild", points=2)
guest("fault_text", points=1)
guest("fault_info", points=2)
guest("fault_edges", points=1)
guest("fault_registers", points=2, cpus=(1, 3))
guest("stack_grows", points=2)
guest("stack_guard", points=2)
guest("stack_growsdown", points=1)
guest("stack_args", points=2)
