"""XXH64 with seed 0: the checksum of a zstd frame is its low 32 bits (RFC 8878 section 3.1.1).

Source: the xxHash specification, "XXH64 algorithm description". Slow, because it is in Python: for small contents only.
"""

import struct
from typing import Final

_P1: Final = 0x9E3779B185EBCA87
_P2: Final = 0xC2B2AE3D27D4EB4F
_P3: Final = 0x165667B19E3779F9
_P4: Final = 0x85EBCA77C2B2AE63
_P5: Final = 0x27D4EB2F165667C5
_MASK: Final = 2**64 - 1
_STRIPE: Final = 32


def xxh64(content: bytes) -> int:
    """The hash of the content."""
    whole = len(content) - len(content) % _STRIPE if len(content) >= _STRIPE else 0
    state = _stripes(content[:whole]) if whole else _P5
    return _finish((state + len(content)) & _MASK, content[whole:])


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(state: int, lane: int) -> int:
    return _rotate((state + lane * _P2) & _MASK, 31) * _P1 & _MASK


def _stripes(content: bytes) -> int:
    states = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
    for lanes in struct.iter_unpack("<4Q", content):
        states = [_round(state, lane) for state, lane in zip(states, lanes, strict=True)]
    merged = sum(_rotate(state, bits) for state, bits in zip(states, (1, 7, 12, 18), strict=True)) & _MASK
    for state in states:
        merged = ((merged ^ _round(0, state)) * _P1 + _P4) & _MASK
    return merged


def _finish(state: int, rest: bytes) -> int:
    while len(rest) >= 8:
        state = (_rotate(state ^ _round(0, int.from_bytes(rest[:8], "little")), 27) * _P1 + _P4) & _MASK
        rest = rest[8:]
    if len(rest) >= 4:
        state = (_rotate(state ^ int.from_bytes(rest[:4], "little") * _P1 & _MASK, 23) * _P2 + _P3) & _MASK
        rest = rest[4:]
    for byte in rest:
        state = _rotate(state ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    state = (state ^ state >> 33) * _P2 & _MASK
    state = (state ^ state >> 29) * _P3 & _MASK
    return state ^ state >> 32
