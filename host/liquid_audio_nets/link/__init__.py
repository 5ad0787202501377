"""Boards over a serial port: the only place that knows mpremote, ampy and serial ports."""

from .errors import BoardError, LinkError, RemoteError, VerificationError
from .ports import find_port, open_link
from .upload import Upload, upload

__all__ = ["BoardError", "LinkError", "RemoteError", "Upload", "VerificationError", "find_port", "open_link", "upload"]
