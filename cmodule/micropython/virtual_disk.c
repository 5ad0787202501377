/* SPDX-License-Identifier: MIT */
/*
 * The virtual board's file system: littlefs, as on boards with flash, on a disk in the machine's second memory. That
 * memory is not part of the heap, so files survive a reset. Every write also goes to a file of the host, which is read
 * at the start, so files also survive a stop of the board.
 */
#include <string.h>

#include "extmod/vfs.h"
#include "extmod/vfs_lfs.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "virtual_board.h"

#define DISK ((uint8_t *)0x20000000)
#define BLOCK_BYTES 4096
#define N_BLOCKS 512
#define HOST_FILE "disk.img" /* beside the file that the microphone hears */

static int host_file = -1;

void virtual_disk_mount(void);

static uint8_t *place(size_t n_args, const mp_obj_t *args, size_t bytes) {
    size_t at = (size_t)mp_obj_get_int(args[1]) * BLOCK_BYTES + (n_args > 3 ? (size_t)mp_obj_get_int(args[3]) : 0);
    if (at > BLOCK_BYTES * N_BLOCKS || bytes > BLOCK_BYTES * N_BLOCKS - at) {
        mp_raise_OSError(MP_EIO);
    }
    return DISK + at;
}

static mp_obj_t disk_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    memcpy(buffer.buf, place(n_args, args, buffer.len), buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(disk_readblocks_obj, 3, 4, disk_readblocks);

static mp_obj_t disk_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_READ);
    uint8_t *at = place(n_args, args, buffer.len);
    memcpy(at, buffer.buf, buffer.len);
    if (host_file >= 0 && virtual_host_seek(host_file, at - DISK)) {
        virtual_host_write(host_file, at, buffer.len);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(disk_writeblocks_obj, 3, 4, disk_writeblocks);

static mp_obj_t disk_ioctl(mp_obj_t self, mp_obj_t operation, mp_obj_t argument) {
    (void)self;
    (void)argument;
    switch (mp_obj_get_int(operation)) {
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(N_BLOCKS);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(BLOCK_BYTES);
        default: /* memory need not be started, synchronised or erased */
            return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(disk_ioctl_obj, disk_ioctl);

static const mp_rom_map_elem_t disk_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&disk_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&disk_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&disk_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(disk_locals, disk_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(disk_type, MP_QSTR_Disk, MP_TYPE_FLAG_NONE, locals_dict, &disk_locals);

static const mp_obj_base_t disk = {&disk_type};

static int mount(void) {
    return mp_vfs_mount_and_chdir_protected(MP_OBJ_FROM_PTR(&disk), MP_OBJ_NEW_QSTR(MP_QSTR__slash_));
}

static void format(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t mkfs = mp_load_attr(MP_OBJ_FROM_PTR(&mp_type_vfs_lfs2), MP_QSTR_mkfs);
        mp_call_function_1(mkfs, MP_OBJ_FROM_PTR(&disk));
        nlr_pop();
    }
}

static void read_host_file(void) {
    char text[VIRTUAL_PATH_BYTES + sizeof(HOST_FILE)];
    const char *path = virtual_host_audio(text, VIRTUAL_PATH_BYTES);
    size_t folder = strlen(path);
    while (folder > 0 && path[folder - 1] != '/') {
        folder--;
    }
    if (folder > 0) {
        memcpy(text + (path - text) + folder, HOST_FILE, sizeof(HOST_FILE));
        host_file = virtual_host_open_for_update(path);
    }
    if (host_file >= 0) {
        virtual_host_read(host_file, DISK, BLOCK_BYTES * N_BLOCKS);
    }
}

/* /lib, where mip installs packages and `import` finds them. */
static void add_lib(void) {
    nlr_buf_t nlr;
    mp_obj_t lib = MP_OBJ_NEW_QSTR(qstr_from_str("/lib"));
    mp_obj_list_append(mp_sys_path, lib);
    if (nlr_push(&nlr) == 0) {
        mp_vfs_mkdir(lib);
        nlr_pop();
    } /* otherwise it is there already */
}

void virtual_disk_mount(void) {
    if (host_file < 0) {
        read_host_file();
    }
    if (mount() != 0) {
        format();
        if (mount() != 0) {
            mp_printf(&mp_plat_print, "the virtual disk cannot be mounted\n");
        }
    }
    add_lib();
}
