/* SPDX-License-Identifier: BSD-2-Clause */
/* true: succeed. */
int
main(void)
{
	return 0;
}
