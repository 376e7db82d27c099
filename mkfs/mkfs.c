/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkfs: makes, fills, lists, extracts and checks umfs images.  Runs on the host.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mkfs/check.h"
#include "mkfs/export.h"
#include "mkfs/image.h"
#include "mkfs/import.h"

static const char usage[] =
    "usage: mkfs [-d DIR] [-D DEVTABLE] [-s SIZE] IMG    make an image from a directory\n"
    "       mkfs -a HOST[:GUEST] [-a ...] IMG...         add files to images, with their modes\n"
    "       mkfs -l IMG                                  list what is in it\n"
    "       mkfs -x DIR IMG [GUEST...]                   extract all, or the files named, into "
    "DIR\n"
    "       mkfs --cat GUEST IMG                         print one file\n"
    "       mkfs --check IMG...                          check images, changing nothing\n"
    "       mkfs --help\n"
    "SIZE takes a suffix K, M, G or T (default 64M); images are sparse. Owners become root. "
    "SOURCE_DATE_EPOCH\n"
    "limits all times. GUEST defaults to /NAME; missing directories are made, a file of that name "
    "is replaced.\n"
    "Exit status: 0 done or consistent, 1 --check found errors, 2 the request could not be carried "
    "out.\n";

struct options {
	const char *dir, *devices, *extract, *cat;
	const char **add;
	unsigned nadd;
	bool list, check, make;
	uint64_t size;
};

static uint64_t
parse_size(const char *s)
{
	static const char suffixes[] = "KMGT";
	char *end;
	unsigned long long n = strtoull(s, &end, 10);
	const char *suffix = *end != '\0' ? strchr(suffixes, *end) : NULL;
	unsigned shift = suffix != NULL ? 10 * (unsigned)(suffix - suffixes + 1) : 0;

	if (end == s || *s == '-' || (*end != '\0' && (suffix == NULL || end[1] != '\0')) ||
	    n > UINT64_MAX >> shift)
		die("-s %s: not a size (a number with K, M, G or T)", s);
	return (uint64_t)n << shift;
}

static void
usage_error(const char *why)
{
	fprintf(stderr, "mkfs: %s\n%s", why, usage);
	exit(2);
}

static void
parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
	    {"check", no_argument, NULL, 'C'}, {"cat", required_argument, NULL, 'c'},
	    {NULL, 0, NULL, 0}};
	int c;

	o->add = xmalloc((size_t)argc * sizeof(*o->add));
	while ((c = getopt_long(argc, argv, "d:D:s:a:x:lh", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->dir = optarg;
			o->make = true;
			break;
		case 'D':
			o->devices = optarg;
			o->make = true;
			break;
		case 's':
			o->size = parse_size(optarg);
			o->make = true;
			break;
		case 'a':
			o->add[o->nadd++] = optarg;
			break;
		case 'x':
			o->extract = optarg;
			break;
		case 'c':
			o->cat = optarg;
			break;
		case 'l':
			o->list = true;
			break;
		case 'C':
			o->check = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (o->make + (o->nadd > 0) + (o->extract != NULL) + (o->cat != NULL) + o->list + o->check >
	    1)
		usage_error("these options exclude each other");
	if (optind == argc)
		usage_error("no image given");
	if (argc - optind > 1 && !o->check && o->nadd == 0 && o->extract == NULL)
		usage_error("more than one image given");
}

/* Map an image that must be consistent. */
static void
open_good(struct image *img, const char *path, bool writable)
{
	const char *error = image_open(img, path, writable);

	if (error != NULL)
		die("%s: %s", path, error);
	if (check_image(img, NULL) != 0)
		die("%s: not consistent: see mkfs --check", path);
}

static void
make(const struct options *o, const char *path)
{
	struct image img;

	image_create(&img, path, o->size, import_now());
	import_root(&img, o->dir);
	if (o->devices != NULL)
		import_devices(&img, o->devices);
	image_close(&img, true);
}

static void
add(const struct options *o, const char *path)
{
	struct image img;

	open_good(&img, path, true);
	for (unsigned i = 0; i < o->nadd; i++)
		import_add(&img, o->add[i]);
	image_close(&img, true);
}

static unsigned
check(const char *path)
{
	struct image img;
	const char *error = image_open(&img, path, false);
	unsigned errors = 1;

	if (error != NULL)
		printf("%s: %s\n", path, error);
	else
		errors = check_image(&img, stdout);
	image_close(&img, false);
	return errors;
}

static void
look(const struct options *o, char **argv)
{
	struct image img;

	open_good(&img, argv[0], false);
	if (o->list)
		export_list(&img);
	else if (o->cat != NULL)
		export_cat(&img, o->cat);
	else if (argv[1] == NULL)
		export_path(&img, "/", o->extract);
	else
		for (int i = 1; argv[i] != NULL; i++)
			export_path(&img, argv[i], o->extract);
	image_close(&img, false);
}

int
main(int argc, char **argv)
{
	struct options o = {.size = 64u << 20};
	unsigned errors = 0;

	parse(&o, argc, argv);
	argv += optind;
	if (o.check)
		for (; *argv != NULL; argv++)
			errors += check(*argv);
	else if (o.nadd > 0)
		for (; *argv != NULL; argv++)
			add(&o, *argv);
	else if (o.list || o.cat != NULL || o.extract != NULL)
		look(&o, argv);
	else
		make(&o, argv[0]);
	if (fflush(stdout) != 0)
		die("cannot write to standard output");
	return errors > 0 ? 1 : 0;
}
