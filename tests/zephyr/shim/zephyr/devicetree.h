/* SPDX-License-Identifier: MIT */
/* A devicetree with a microphone; -DSHIM_st_stm32_i2s=1 gives it this compatible. */
#ifndef SHIM_DEVICETREE_H
#define SHIM_DEVICETREE_H

#define DT_CHOSEN(property) 0
#define DT_HAS_CHOSEN(property) 1
#define DT_NODE_HAS_COMPAT(node, compatible) (SHIM_##compatible == 1)

#endif
