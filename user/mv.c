/* SPDX-License-Identifier: BSD-2-Clause */
/* mv [-f] source... target: rename; between file systems: copy, then remove. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "user/cmd.h"

static const char usage[] = "mv [-f] source... target";

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Runs a program.  => did it succeed? */
static bool
run(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool
move(const char *from, const char *to)
{
	if (rename(from, to) == 0)
		return true;
	if (errno == EXDEV)
		return run((char *const[]){
			   "cp", "-a", "-f", "--", (char *)from, (char *)to, NULL}) &&
		    run((char *const[]){"rm", "-rf", "--", (char *)from, NULL});
	warn("cannot move '%s' to '%s'", from, to);
	return false;
}

int
main(int argc, char *argv[])
{
	const char *target;
	int status = 0;

	while (cmd_option(argc, argv, "f", usage, 1) != -1)
		;
	if (argc - optind < 2)
		cmd_usage(usage, 1);
	target = argv[argc - 1];
	if (!is_folder(target)) {
		if (argc - optind > 2)
			errx(1, "target '%s' is not a folder", target);
		return !move(argv[optind], target);
	}
	for (; optind < argc - 1; optind++) {
		char *base = cmd_base_name(argv[optind]), *to = cmd_join(target, base);

		if (!move(argv[optind], to))
			status = 1;
		free(base);
		free(to);
	}
	return status;
}
