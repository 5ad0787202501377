"""What can go wrong with a board's firmware; every message is one sentence for the user."""


class FirmwareError(Exception):
    """The firmware cannot be built: no such board, a tool or source is missing, the compiler refused."""


class MachineError(Exception):
    """The virtual board does not start or is not running."""
