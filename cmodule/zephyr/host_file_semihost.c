/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <zephyr/arch/common/semihost.h>

#include "host_file.h"

#define COMMAND_LINE_BYTES 512

long lnn_host_open(const char *path)
{
	return semihost_open(path, SEMIHOST_OPEN_RB);
}

void lnn_host_close(long file)
{
	semihost_close(file);
}

int lnn_host_read_at(long file, uint32_t offset, void *data, size_t bytes)
{
	if (semihost_seek(file, (long)offset) != 0 ||
	    semihost_read(file, data, (long)bytes) != (long)bytes) {
		return -EINVAL;
	}
	return 0;
}

uint32_t lnn_host_bytes(long file)
{
	return (uint32_t)semihost_flen(file);
}

/* QEMU's -semihosting-config arg=firmware,arg=FILE */
const char *lnn_host_argument(void)
{
	static char text[COMMAND_LINE_BYTES];
	struct {
		char *text;
		size_t bytes; /* a field of the register's width */
	} arguments = {text, sizeof(text)};
	const char *space =
		semihost_exec(SEMIHOST_GET_CMDLINE, &arguments) == 0 ? strchr(text, ' ') : NULL;

	return space != NULL ? space + 1 : NULL;
}
