# SPDX-License-Identifier: MIT
"""The networks: liquid cells, their solvers and wirings, and the networks that they are compared with."""
