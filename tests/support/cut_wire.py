# SPDX-License-Identifier: MIT
"""A serial wire that breaks after so many bytes, and a board at its other end that lives in this process."""

from __future__ import annotations

import struct

import serial
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.link.mpremote_link import MpremoteLink
from local_board import LocalBoard
from mpremote.transport_serial import SerialTransport

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
WINDOW = 32


class Wire:
    """Replaces write() of a port.  bytes_left: until the wire breaks.  sent: bytes that went through."""

    def __init__(self, port, bytes_left: int = 1 << 30):
        self.bytes_left, self.sent, self._write = bytes_left, 0, port.write
        port.write = self.write

    def write(self, data: bytes) -> int:
        through = data[: self.bytes_left]
        self._write(through)
        self.sent += len(through)
        self.bytes_left -= len(through)
        if len(through) < len(data):
            raise serial.SerialException("the wire broke")
        return len(data)


class LocalPort:
    """A port with MicroPython's raw REPL behind it: code comes in windows (raw-paste mode), and is run here."""

    def __init__(self):
        self.board, self.answers, self.code, self.pastes = LocalBoard(), bytearray(), bytearray(), False

    def write(self, data: bytes) -> int:
        for byte in data:
            self._take(byte)
        return len(data)

    def _take(self, byte: int) -> None:
        if byte == 1 and not self.code.strip():  # Ctrl-A, but not that of raw-paste mode: a new raw REPL
            self.code.clear()
            self.answers += BANNER
        elif byte == 3:  # Ctrl-C
            self.code.clear()
        elif byte == 4 and self.pastes:
            self._run()
        elif byte == 4:
            self.answers += b"OK\r\nMPY: soft reboot\r\n" + BANNER
        else:
            self.code.append(byte)
            if self.pastes and len(self.code) % WINDOW == 0:
                self.answers += b"\x01"
            elif self.code.endswith(b"\x05A\x01"):
                self.code.clear()
                self.pastes = True
                self.answers += b"R\x01" + struct.pack("<H", WINDOW) + b"\x01"

    def _run(self) -> None:
        code, printed, error = self.code.decode(), "", ""
        self.code.clear()
        self.pastes = False
        try:
            printed = self.board.exec(code)
        except RemoteError as raised:
            error = raised.traceback
        self.answers += b"\x04" + printed.encode() + b"\x04" + error.encode() + b"\x04>"

    def read(self, n: int = 1) -> bytes:
        found = bytes(self.answers[:n])
        del self.answers[:n]
        return found

    def inWaiting(self) -> int:
        return len(self.answers)

    def close(self) -> None:
        pass


class LocalLink(MpremoteLink):
    """mpremote's own transport on a LocalPort."""

    def _open(self, port: LocalPort) -> SerialTransport:
        transport = SerialTransport.__new__(SerialTransport)
        transport.serial, transport.is_pty, transport.in_raw_repl, transport.use_raw_paste = port, False, False, True
        return transport
