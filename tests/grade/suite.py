"""All tests of the grade, in one place.

guest(NAME)          the program user/tests/NAME.c, whose header comment is the question
shell(NAME, ...)     lines for /bin/sh, their output and their exit status; {nonce} is different in each run
boot(NAME, ...)      a machine that is to say something on its console
ktest(NAME, ...)     the tests inside the kernel (kern/ktest*.c) whose names contain a pattern
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


def ktest(name, question, pattern, least, **options):
    tags = f"ktest {options.pop('tags', '')}"
    add("ktest", name, question, pattern=pattern, least=least, tags=tags, **options)


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
guest("fork_generations", points=4, cpus=ALL, limit=600, alone=True)

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
guest("brk_errors", points=2)
guest("minherit_errors", points=2)
guest("mmap_flags", points=3)
guest("mremap_errors", points=3)
guest("mremap_moves", points=3, cpus=(1, 3))
guest("mremap_race", points=4, cpus=ALL, limit=300)
guest("madvise_dontneed", points=2, cpus=(1, 3))
guest("madvise_free", points=2, cpus=(1, 3))
guest("madvise_fork", points=2)
guest("madvise_populate", points=2)
guest("mincore_errors", points=2)
guest("mincore_pages", points=2)
guest("madvise_errors", points=3)
guest("msync_errors", points=2)
guest("mmap_device", points=2)
guest("madvise_threads", points=3, cpus=ALL)
guest("mlock_errors", points=3)
guest("mlock_limit", points=2)
guest("mlock_memory", points=2, cpus=(1, 3))
guest("mlock_fork", points=3, cpus=ALL)
guest("mlock_race", points=3, cpus=ALL, limit=120)
guest("mlock_truncate", points=2, cpus=(1, 3))

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
guest("stack_limit", points=3)
guest("stack_protect", points=2)
guest("stack_up", points=3, cpus=(1, 3))

# ---- limits -------------------------------------------------------------------------------------------------------------

guest("limit_errors", points=3)
guest("limit_counts", points=2)
guest("limit_memory", points=3)
guest("limit_exec", points=3)
guest("limit_usage", points=2)
guest("limit_unshare", points=2, cpus=(1, 3))

# ---- processes ----------------------------------------------------------------------------------------------------------

guest("proc_wait", points=2)
guest("proc_orphan")
guest("proc_many", points=2, cpus=(1, 3), limit=120)
guest("proc_kill", points=2)
guest("proc_signal", points=2)
guest("proc_preempt", points=2, cpus=(1, 3))
guest("proc_pipe", points=2, cpus=(1, 3))
guest("proc_exec", points=2)
guest("exec_crowd", points=2, cpus=ALL, limit=120)
guest("pipe_size", points=2, cpus=ALL)
guest("proc_elf", points=2)
guest("proc_limit", points=2, limit=300, alone=True)

# ---- bare threads, futexes, signals -------------------------------------------------------------------------------------

guest("clone_thread", points=3, cpus=ALL)
guest("clone_errors", points=2)
guest("clone_shared", points=2)
guest("clone_storm", points=4, cpus=ALL, limit=300, repeat=2)
guest("futex_wake", points=3, cpus=ALL)
guest("futex_robust", points=2, cpus=(1, 3))
guest("futex_errors", points=3)
guest("signal_stop", points=3, cpus=ALL, limit=120)
guest("signal_orphan", points=2, cpus=(1, 3))
guest("signal_vfork", points=2, cpus=ALL)
guest("signal_queue", points=2)
guest("signal_group", points=3, cpus=ALL)
guest("signal_errors", points=3)
guest("signal_choice", points=3, cpus=ALL)
guest("signal_cputime", points=2, cpus=(1, 3))

# ---- threads and signals ------------------------------------------------------------------------------------------------

guest("thread_life", points=3, cpus=ALL, limit=120)
guest("thread_local", points=2, cpus=ALL)
guest("thread_mutex", points=2, cpus=ALL)
guest("thread_cond", points=2, cpus=ALL)
guest("thread_guard", points=2)
guest("thread_signals", points=3, cpus=ALL)
guest("thread_end", points=3, cpus=ALL)
guest("thread_exec", points=2, cpus=ALL)
guest("thread_fork", points=3, cpus=ALL)
guest("thread_memory", points=4, cpus=ALL, limit=120)
guest("thread_cow", points=3, cpus=ALL)
guest("thread_buffer", points=2, cpus=ALL)
guest("thread_storm", points=4, cpus=ALL, limit=120)
guest("futex_keys", points=2, cpus=ALL)
guest("sig_flags", points=3, cpus=(1, 3))
guest("sig_altstack", points=3)
guest("sig_fault", points=3)
guest("sig_fpu", points=2, cpus=(1, 3))
guest("sig_wait", points=2, cpus=(1, 3))
guest("sig_timer", points=2)
guest("sig_child", points=2, cpus=(1, 3))

# ---- bad arguments ------------------------------------------------------------------------------------------------------

guest("bad_pointers", points=3, limit=120)
guest("bad_numbers")
guest("bad_lengths", points=2)
guest("bad_random", points=3, cpus=ALL, mem="48M", limit=120)

# ---- the file system ----------------------------------------------------------------------------------------------------

guest("fs_data", points=2)
guest("fs_huge", points=2)
guest("fs_dirs", points=2)
guest("fs_links", points=2)
guest("fs_rename", points=2)
guest("fs_names")
guest("fs_errors", points=2)
guest("fs_attributes")
guest("fs_append", points=2, cpus=(1, 3))
guest("fs_full", points=2, limit=300)
guest("fs_devices")
host("fs_crash", "After the power fails at any moment, is the disk consistent and every synced byte on it?", points=4,
     limit=60)

# The fuzzer's inputs as system calls, against the model: with little memory, so that it is reused at once.
guest("vmreplay", points=5, cpus=ALL, mem="48M", limit=200)

# ---- several harts ------------------------------------------------------------------------------------------------------

guest("smp_harts", points=2, cpus=(3, 8))
guest("smp_faults", points=2, cpus=ALL)
guest("smp_forks", points=3, cpus=ALL, limit=120)
guest("smp_ring", points=3, cpus=ALL)
guest("smp_shootdown", points=2, cpus=(3, 8))

# ---- when there is no more ----------------------------------------------------------------------------------------------

guest("fork_bomb", points=3, cpus=ALL, mem="48M", limit=120, alone=True)
guest("mem_process", points=2, cpus=(1, 3), mem="128M")
guest("mem_exhaust", points=4, cpus=ALL, mem="48M", limit=300, alone=True)

# ---- inside the kernel --------------------------------------------------------------------------------------------------

ktest("ktest_km", "T18: is kernel memory given, faulted in, waited for and taken back as it should be?", "km_", 11,
      points=3, cpus=ALL)
ktest("ktest_zone", "Do zones keep items apart on all harts, and say so when there is no memory?", "zone_", 4, points=3,
      cpus=ALL)
ktest("ktest_sleep", "Is no wakeup lost, and every deadline kept?", "sleep_", 5, points=3, cpus=ALL)
ktest("ktest_lock", "Do the three kinds of locks exclude whom they should, and nobody else?", "lock_", 4, points=3,
      cpus=ALL)
ktest("ktest_pmap", "Does no hart see a page after it was taken out of the page table?", "pmap_", 2, points=3, cpus=ALL)
boot("ktest_fails", "Does a test inside the kernel that finds something wrong make the machine say so?",
     r"(?s)ktest\.c:\d+: not so: .*ktest fail_expectation: FAILED", append="ktest=fail_expectation", points=1)
boot("ktest_leaks", "Is a test inside the kernel that leaves a page behind found out?",
     r"ktest fail_leak: FAILED: leaves 1 pages", append="ktest=fail_leak", points=1)

# ---- the machine --------------------------------------------------------------------------------------------------------

host("kernel_size", "Are the kernel's text and data smaller than 400 KiB?", points=1)
guest("boot_memory", points=2, mem="128M", alone=True)
boot("boot_no_init", "Does a boot argument that names a missing program give a message with its name?",
     r"/no/such/program", append="init=/no/such/program", points=1)
boot("boot_no_disk", "Does a machine without a disk say so and stop?", r"(?i)disk|root", disk=False, points=1)
boot("boot_no_memory", "Does a machine with too little memory say so and stop?", r"(?i)memory", mem="12M", points=1)
host("boot_bad_disk", "Does every damaged image give one clear message instead of a crash?", points=2)
host("run_contract", "Does make run keep its word on output, exit status, added files and time?", points=3)

# ---- looking inside -----------------------------------------------------------------------------------------------------

guest("procfs_maps", points=2)
guest("procfs_smaps", points=2, cpus=(1, 3))
guest("procfs_memory")
guest("procfs_counters")
host("ddb_commands", "Does the debugger on the console say what /proc says, survive bad addresses, and let go again?",
     points=2, cpus=(1, 3))
host("ddb_busy", "Can the debugger be entered while eight harts work, and left again without harm?", cpus=(8,), limit=120)
host("ddb_panic", "Does a panic with ddb=1 end in the debugger, which refuses to continue, and without it in status 125?")
host("gdb_commands", "Do gdb's umbra commands say what /proc says, and does `umbra check` find a planted error?", points=2,
     cpus=(3,))
host("gdb_why", "Does gdb's `umbra why` foretell what each access of a program will do?", points=2, cpus=(3,))
host("gdb_core", "Do gdb's umbra commands work on a dump of the guest's memory?", cpus=(3,))

# ---- the shell ----------------------------------------------------------------------------------------------------------

shell("shell_words", "Do quotes, variables, and parameters become the right words?", """\
x={nonce}; y='two  words'
echo $x "$x" '$x' \\$x ${x}y
echo $y; echo "$y"
set -- a 'b c' d
echo $# "$2" "$@"
for w in "$@"; do echo "[$w]"; done
echo "a\\"b" 'c"d' e\\ f
empty=; echo "<$empty>"; { cat <"$empty"; } 2>/dev/null || echo no file
echo $? $((1 + 2 * 3)) `echo back` $(echo dollar)
""", """\
{nonce} {nonce} $x $x {nonce}y
two words
two  words
3 b c a b c d
[a]
[b c]
[d]
a"b c"d e f
<>
no file
0 7 back dollar
""", points=2)

shell("shell_pipes", "Do pipes and redirections connect what they should?", """\
echo {nonce} | cat | cat | wc -c
seq 1000 | tail -n 3 | head -n 2
echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f
ls /nowhere 2>/dev/null; test $? -ne 0 && echo failed
{ echo out; echo err >&2; } > /tmp/both 2>&1; cat /tmp/both
cat <<END
here {nonce}
END
seq 100000 | head -n 1
(echo sub; exit 3) | cat; echo $?
(exit 3); echo $?
yes | head -n 2
""", """\
17
998
999
one
two
failed
out
err
here {nonce}
1
sub
0
3
y
y
""", points=2)

shell("shell_control", "Do if, while, for, case, && and || decide and repeat as they should?", """\
true && echo yes || echo no
false && echo yes || echo no
if test {nonce} = {nonce}; then echo same; elif true; then echo never; else echo never; fi
i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i -eq 2 ] && continue; [ $i -eq 4 ] && break; echo $i; done
for f in a b; do for g in 1 2; do echo $f$g; done; done
case hello.c in *.h) echo header;; *.c) echo source;; *) echo other;; esac
f() { echo "f got $1"; return 4; }; f {nonce}; echo $?
! false; echo $?
until false; do break; done; echo end
""", """\
yes
no
same
1
3
a1
a2
b1
b2
source
f got {nonce}
4
0
end
""", points=2)

shell("shell_jobs", "Do background jobs run, get waited for, and leave the shell its status?", """\
exec 2>/dev/null
(sleep 0.2; echo later) & echo first; wait; echo done
sh -c 'exit 7' & wait $!; echo $?
sh -c 'kill -9 $$'; echo $?
sleep 100 & kill $!; wait $!; echo $?
sh -c 'kill -SEGV $$' ; echo $?
""", """\
first
later
done
7
137
143
139
""", points=2)

shell("shell_globs", "Do patterns match the files they should, in order?", """\
mkdir /tmp/g; cd /tmp/g; touch a.c b.c c.h .hidden
echo *
echo *.c ?.h [a-b].* [!a]*
echo none*
echo "*"
cd /; echo /tmp/g/*.h; pwd
rm -r /tmp/g; ls /tmp/g 2>/dev/null || echo gone
""", """\
a.c b.c c.h
a.c b.c c.h a.c b.c b.c c.h
none*
*
/tmp/g/c.h
/
gone
""", points=2)

shell("shell_tools", "Do the programs of every day do what their names promise?", """\
cd /tmp; printf 'pear\\napple\\nfig\\n' > fruit
sort fruit; sort -r fruit | head -n 1
grep -n p fruit; grep -c . fruit; grep -v p fruit
wc -l < fruit
cp fruit basket; mv basket bag; cat bag | tail -n 1
ln -s bag alias; cat alias | head -n 1; ln bag twin; rm bag; cat twin | wc -c
mkdir -p d/e/f; rmdir d/e/f; ls d; rm -r d; ls d 2>/dev/null || echo gone
test -f fruit && test ! -d fruit && echo file
echo {nonce} | grep -q {nonce} && echo found
kill -0 1 && echo init lives
ps | grep -c '[i]nit '
uptime > /dev/null && free > /dev/null && vmmap $$ > /dev/null && echo tools
""", """\
apple
fig
pear
pear
1:pear
2:apple
3
fig
3
fig
pear
15
e
gone
file
found
init lives
1
tools
""", points=2)

shell("shell_script", "Do scripts run by name, take arguments, and report errors by line without ending the shell?", """\
cat > /tmp/s <<'END'
#!/bin/sh
echo "$0 $1 $#"
exit 5
END
chmod 755 /tmp/s; /tmp/s {nonce} x; echo $?
sh /tmp/s y; echo $?
echo 'if then' > /tmp/bad; sh /tmp/bad 2>/dev/null; test $? -ne 0 && echo refused
nosuchprogram 2>/dev/null; echo $?
/tmp 2>/dev/null; echo $?
exit 9
""", """\
/tmp/s {nonce} 2
5
/tmp/s y 1
5
refused
127
126
""", status=9, points=2)
