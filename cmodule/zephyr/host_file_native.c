/* SPDX-License-Identifier: MIT */
/* The native simulator's runner compiles this file with the host's C library, outside of Zephyr. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsi_cmdline.h>
#include <nsi_tasks.h>

#include "host_file.h"

static char *audio;

long lnn_host_open(const char *path)
{
	return open(path, O_RDONLY);
}

void lnn_host_close(long file)
{
	close((int)file);
}

int lnn_host_read_at(long file, uint32_t offset, void *data, size_t bytes)
{
	return pread((int)file, data, bytes, (off_t)offset) == (ssize_t)bytes ? 0 : -1;
}

uint32_t lnn_host_bytes(long file)
{
	struct stat about;

	return fstat((int)file, &about) == 0 ? (uint32_t)about.st_size : 0;
}

const char *lnn_host_argument(void)
{
	return audio;
}

static void add_option(void)
{
	static struct args_struct_t options[] = {
		{.option = "audio",
		 .name = "wav",
		 .type = 's',
		 .dest = &audio,
		 .descript = "16-bit mono wav file that the emulated microphone plays"},
		ARG_TABLE_ENDMARKER,
	};

	nsi_add_command_line_opts(options);
}

NSI_TASK(add_option, PRE_BOOT_1, 10);
