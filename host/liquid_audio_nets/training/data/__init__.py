# SPDX-License-Identifier: MIT
"""From recordings to batches: sources, the frame store, augmentation, timesteps."""
