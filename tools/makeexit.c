/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * makeexit: lets `make run` end with the exit status of the guest's command.
 *
 * GNU make exits with 2 whenever a recipe fails, whatever the recipe's status was. For the goal `run` the Makefile loads
 * this object into make; the recipe itself succeeds and leaves the status in the file $(UMBRA_STATUS), and make's last act
 * is to exit with it. Where make cannot load objects (macOS ships 3.81) the status is only printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* GNU make asks for this name before it loads an object; the BSD licence is compatible. */
int plugin_is_GPL_compatible;

/* From make itself; declared here because not every make package has <gnumake.h>. => the string is ours */
char *gmk_expand(const char *text);

int makeexit_gmk_setup(void);

static char *status_file;

static void
exit_with_status(void)
{
	FILE *f = fopen(status_file, "r");
	int status;

	if (f == NULL)
		return;
	if (fscanf(f, "%d", &status) != 1)
		status = 2;
	fclose(f);
	unlink(status_file);
	fflush(NULL);
	_exit(status);
}

/* => called by make once, when the object is loaded; not 0 means success. */
int
makeexit_gmk_setup(void)
{
	status_file = gmk_expand("$(UMBRA_STATUS)");
	return status_file != NULL && atexit(exit_with_status) == 0;
}
