# SPDX-License-Identifier: MIT
"""What can be learned: one task per file, on a shared base."""
