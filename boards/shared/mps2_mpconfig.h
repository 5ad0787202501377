/* SPDX-License-Identifier: MIT */
/* The configuration of MicroPython's qemu port, and what the clients of a board need besides. */
#include "mpconfigport.h"

#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "virtual_modtime.inc"
#define MICROPY_EPOCH_IS_1970 (1)

#define MICROPY_PY_OS_UNAME (1)
#undef MICROPY_PY_MACHINE_INCLUDEFILE
#define MICROPY_PY_MACHINE_INCLUDEFILE "virtual_modmachine.inc"

/* mpremote mount */
#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_SYS_STDIO_BUFFER
#define MICROPY_PY_SYS_STDIO_BUFFER (1)

/* Mount the file system at every start of the interpreter, also after a soft reset. */
#define MICROPY_PORT_INIT_FUNC virtual_disk_mount()
void virtual_disk_mount(void);
