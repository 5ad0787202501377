# SPDX-License-Identifier: MIT
"""The curve of Ed25519 (RFC 8032, section 5.1) in plain integers, to make signatures that no library makes."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """The sum of two points."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P,
    )


def times(n: int, point: Point) -> Point:
    """n times a point."""
    found = NEUTRAL
    while n:
        if n & 1:
            found = add(found, point)
        point, n = add(point, point), n >> 1
    return found


def point_at(y: int) -> Point | None:
    """The point with this y and an even x; None if the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return (P - x if x & 1 else x, y)


def encode(point: Point) -> bytes:
    """The 32 bytes of a point."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_at(4 * pow(5, -1, P) % P)


def small_order() -> list[Point]:
    """The eight points whose order divides 8."""
    for y in range(2, 100):
        point = point_at(y)
        generator = times(L, point) if point else NEUTRAL
        if times(4, generator) != NEUTRAL:
            return [times(n, generator) for n in range(8)]
    raise AssertionError("no point of order 8")


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    """h of the equation S B = R + h A."""
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
