/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_VERSION_MAJOR
#define KERNEL_VERSION_MAJOR 4
#define KERNEL_VERSION_MINOR 1
#endif
