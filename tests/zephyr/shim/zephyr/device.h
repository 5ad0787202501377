/* SPDX-License-Identifier: MIT */
#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdbool.h>

#include <zephyr/devicetree.h>

struct device {
    const char *name;
};
extern const struct device shim_microphone;

#define DEVICE_DT_GET(node) (&shim_microphone)
#define device_is_ready(device) ((device) != NULL)

#endif
