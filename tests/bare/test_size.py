# SPDX-License-Identifier: MIT
"""Stack and text of the core keep the limits of the bench."""

import bench_size
import machines
import pytest
from limits import limit
from small_model import noise


@pytest.mark.skipif(not machines.available(), reason="needs gcc-arm-none-eabi and qemu-system-arm")
@pytest.mark.parametrize("name", ["qemu_m0", "qemu_m4f"])
def test_stack_and_text(name, tmp_path):
    (tmp_path / "noise.raw").write_bytes(noise(8000).astype("<i2").tobytes())
    rows = bench_size.measure_core(name, tmp_path, tmp_path / "noise.raw")
    assert len(rows) == 5
    for line in rows:
        assert 200 < line["value"] <= limit(line["metric"], name), line
