# SPDX-License-Identifier: MIT
# A power meter of a second board: TI's INA228 on its I2C bus measures the supply of the board under test.
# `liquid-profile --meter ina228:PORT` runs this file there. Registers: TI data sheet SBOSA20.
import array
from time import ticks_diff, ticks_us  # pyright: ignore[reportAttributeAccessIssue]  # only MicroPython has them

ADDRESS = 0x40
ADC_CONFIG, VSHUNT, VBUS, DIAG, DEVICE_ID = 0x01, 0x04, 0x05, 0x0B, 0x3F
CONFIG_RANGE_40_MV = b"\x00\x10"  # register 0: 40.96 mV full scale
CONTINUOUS_150_US = b"\xb4\x80"  # bus and shunt, 150 us each, no averages
SHUNT_V, BUS_V = 78.125e-9, 195.3125e-6  # per step


class INA228:
    def __init__(self, i2c, shunt_ohm, address=ADDRESS):
        self.i2c, self.shunt_ohm, self.address = i2c, shunt_ohm, address
        self.three = bytearray(3)
        self.two = bytearray(2)
        i2c.readfrom_mem_into(address, DEVICE_ID, self.two)
        if self.two[0] != 0x22 or self.two[1] >> 4 != 8:
            raise OSError("no INA228 at address 0x%x" % address)
        i2c.writeto_mem(address, 0, CONFIG_RANGE_40_MV)
        i2c.writeto_mem(address, ADC_CONFIG, CONTINUOUS_150_US)

    def ready(self):
        """A conversion has ended since the last call."""
        self.i2c.readfrom_mem_into(self.address, DIAG, self.two)
        return bool(self.two[1] & 2)

    def steps(self, register):
        """A register of 20 bits with a sign."""
        self.i2c.readfrom_mem_into(self.address, register, self.three)
        n = (self.three[0] << 12) | (self.three[1] << 4) | (self.three[2] >> 4)
        return n - (1 << 20) if n & (1 << 19) else n

    def current_a(self):
        return self.steps(VSHUNT) * SHUNT_V / self.shunt_ohm

    def voltage_v(self):
        return self.steps(VBUS) * BUS_V


def record(meter, seconds, pins=(), most=4000):
    """Prints a line per sample: time in us, steps of the shunt, steps of the bus, marks. Samples until `seconds` or `most`."""
    times, shunt, bus, marks = (array.array("l", [0] * most) for _ in range(4))
    start, n = ticks_us(), 0
    while n < most and ticks_diff(ticks_us(), start) < seconds * 1000000:
        if meter.ready():
            times[n] = ticks_diff(ticks_us(), start)
            shunt[n] = meter.steps(VSHUNT)
            bus[n] = meter.steps(VBUS)
            for bit, pin in enumerate(pins):
                marks[n] |= pin.value() << bit
            n += 1
    for i in range(n):
        print("%d,%d,%d,%d" % (times[i], shunt[i], bus[i], marks[i]))
