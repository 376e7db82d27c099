/* SPDX-License-Identifier: BSD-2-Clause */
/* The rest: streams and files, folders, time, options, environment, jumps, processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/libc/check.h"

/* The tests run in a folder of their own, made by main(). */

static void
streams_read_what_they_wrote(void)
{
	FILE *f = fopen("file", "w+");
	char line[32], *long_line = NULL;
	size_t size = 0;
	int i;

	for (i = 0; i < 2000; i++)
		fprintf(f, "line %d\n", i);
	CHECK(ftell(f) == 10 * 7 + 90 * 8 + 900 * 9 + 1000 * 10);
	rewind(f);
	for (i = 0; i < 1999; i++)
		fgets(line, sizeof(line), f);
	CHECK_STR("line 1998\n", line);
	CHECK(getline(&long_line, &size, f) == 10);
	CHECK_STR("line 1999\n", long_line);
	CHECK(getc(f) == EOF && feof(f) && !ferror(f));
	CHECK(fseek(f, 5, SEEK_SET) == 0 && getc(f) == '0' && !feof(f));
	CHECK(ungetc('x', f) == 'x' && getc(f) == 'x' && getc(f) == '\n');
	fseek(f, 0, SEEK_CUR);
	fputs("LINE", f);
	fclose(f);
	f = fopen("file", "a");
	fputs("end\n", f);
	fclose(f);
	f = fopen("file", "r");
	CHECK(fread(line, 1, 12, f) == 12 && memcmp(line, "line 0\nLINE ", 12) == 0);
	CHECK(fputc('x', f) == EOF && errno == EBADF);
	fclose(f);
	free(long_line);
}

static void
streams_in_memory_and_errors(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int i;

	for (i = 0; i < 100; i++)
		fprintf(f, "%d,", i);
	fclose(f);
	CHECK(size == 290 && strncmp(text, "0,1,2,", 6) == 0 && text[290] == 0);
	free(text);
	CHECK(fopen("no/file", "r") == NULL && errno == ENOENT);
	CHECK(fopen("file", "q") == NULL && errno == EINVAL);
	f = fopen("/dev/full", "r+");
	if (f != NULL) {
		fputs("x", f);
		CHECK(fclose(f) == EOF && errno == ENOSPC);
	}
}

static void
commands_and_pipes(void)
{
	char line[32];
	FILE *f = popen("echo from; exit 3", "r");

	CHECK(fgets(line, sizeof(line), f) != NULL);
	CHECK_STR("from\n", line);
	CHECK(WEXITSTATUS(pclose(f)) == 3);
	CHECK(WEXITSTATUS(system("exit 7")) == 7);
	f = popen("cat >written", "w");
	fputs("text", f);
	CHECK(pclose(f) == 0);
	f = fopen("written", "r");
	CHECK(fgets(line, sizeof(line), f) != NULL && strcmp(line, "text") == 0);
	fclose(f);
}

static void
folders_and_globs(void)
{
	struct dirent *e;
	int count = 0;
	glob_t g;
	DIR *dir;

	mkdir("folder", 0755);
	close(creat("folder/b.c", 0644));
	close(creat("folder/a.c", 0644));
	close(creat("folder/.hidden", 0644));
	dir = opendir("folder");
	while ((e = readdir(dir)) != NULL)
		count++;
	closedir(dir);
	CHECK(count == 5);
	CHECK(opendir("folder/a.c") == NULL && errno == ENOTDIR);
	CHECK(glob("f*/*.c", 0, NULL, &g) == 0 && g.gl_pathc == 2);
	CHECK_STR("folder/a.c", g.gl_pathv[0]);
	CHECK_STR("folder/b.c", g.gl_pathv[1]);
	globfree(&g);
	CHECK(glob("nothing*", 0, NULL, &g) == GLOB_NOMATCH);
}

static void
paths(void)
{
	char *real, *cwd = getcwd(NULL, 0), template[] = "tempXXXXXX";
	int fd;

	symlink("folder/../folder/a.c", "link");
	real = realpath("./link", NULL);
	CHECK(real != NULL && strncmp(real, cwd, strlen(cwd)) == 0);
	CHECK_STR("/folder/a.c", real + strlen(cwd));
	symlink("loop", "loop");
	CHECK(realpath("loop", NULL) == NULL && errno == ELOOP);
	fd = mkstemp(template);
	CHECK(fd >= 0 && strcmp(template, "tempXXXXXX") != 0 && access(template, F_OK) == 0);
	close(fd);
	free(real);
	free(cwd);
}

static void
calendar(void)
{
	static const time_t times[] = {0, 951782400, 1709164800, -1, 253402300799, -62135596800};
	static const char *const want[] = {"1970-01-01 00:00:00 001 4 01",
	    "2000-02-29 00:00:00 060 2 09", "2024-02-29 00:00:00 060 4 09",
	    "1969-12-31 23:59:59 365 3 01", "9999-12-31 23:59:59 365 5 52",
	    "1-01-01 00:00:00 001 1 01"};
	struct tm tm, odd = {.tm_year = 124, .tm_mon = 13, .tm_mday = 0};
	char buf[64];
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		gmtime_r(&times[i], &tm);
		strftime(buf, sizeof(buf), "%F %T %j %u %V", &tm);
		CHECK_STR(want[i], buf);
		CHECK(timegm(&tm) == times[i]);
	}
	CHECK(timegm(&odd) == 1738281600); /* day 0 of month 13 of 2024: 31 January 2025 */
	CHECK(odd.tm_mon == 0 && odd.tm_mday == 31);
	CHECK(strftime(buf, 5, "%Y-", &tm) == 2 && strftime(buf, 2, "%Y-", &tm) == 0);
}

static void
options(void)
{
	char *argv[] = {"prog", "file1", "-ab", "-cvalue", "file2", "--long=x", "--flag", "-d",
	    "--", "-e", NULL};
	static const struct option longs[] = {
	    {"long", required_argument, NULL, 'L'}, {"flag", no_argument, NULL, 'F'}, {0}};
	char seen[64] = "";
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(10, argv, "abc:", longs, NULL)) != -1)
		sprintf(seen + strlen(seen), "%c%s ", c, c == 'c' || c == 'L' ? optarg : "");
	CHECK_STR("a b cvalue Lx F ? ", seen);
	CHECK(optind == 7);
	CHECK_STR("file1", argv[7]);
	CHECK_STR("file2", argv[8]);
	CHECK_STR("-e", argv[9]);
}

static void
environment(void)
{
	CHECK(setenv("NAME", "one", 1) == 0 && setenv("NAME", "two", 0) == 0);
	CHECK_STR("one", getenv("NAME"));
	CHECK(setenv("NAME", "three", 1) == 0);
	CHECK_STR("three", getenv("NAME"));
	CHECK(unsetenv("NAME") == 0 && getenv("NAME") == NULL);
	CHECK(setenv("A=B", "x", 1) == -1 && errno == EINVAL);
}

static jmp_buf jump;
static volatile int handled;

static void
handler(int sig)
{
	handled = sig;
	siglongjmp(jump, 5);
}

static void
jumps_and_signals(void)
{
	volatile int local = 1;
	sigset_t mask;
	int value = setjmp(jump);

	if (value == 0) {
		local = 2;
		longjmp(jump, 0);
	}
	CHECK(value == 1 && local == 2);
	signal(SIGUSR1, handler);
	value = sigsetjmp(jump, 1);
	if (value == 0)
		raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	CHECK(value == 5 && handled == SIGUSR1 && !sigismember(&mask, SIGUSR1));
}

static void
processes(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	CHECK(
	    waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	pid = vfork();
	if (pid == 0)
		_exit(9);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
	CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD);
}

int
main(void)
{
	char folder[] = "libcXXXXXX", command[32];

	if (mkdtemp(folder) == NULL || chdir(folder) < 0) {
		perror("a folder for the tests");
		return 1;
	}
	RUN(streams_read_what_they_wrote);
	RUN(streams_in_memory_and_errors);
	RUN(commands_and_pipes);
	RUN(folders_and_globs);
	RUN(paths);
	RUN(calendar);
	RUN(options);
	RUN(environment);
	RUN(jumps_and_signals);
	RUN(processes);
	chdir("..");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	system(command);
	return check_failures != 0;
}
