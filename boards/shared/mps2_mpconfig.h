/* SPDX-License-Identifier: MIT */
/* The qemu port's configuration, and what a board that people connect to needs besides. */
#include "mpconfigport.h"

#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)

/* Mount the file system at every start of the interpreter, soft resets included. */
#define MICROPY_PORT_INIT_FUNC virtual_disk_mount()
void virtual_disk_mount(void);
