"""Tables of finite state entropy, by which zstd encodes the lengths and offsets of its sequences (RFC 8878, 4.1)."""

from collections.abc import Sequence

from conformance.format.errors import FormatError

Cell = tuple[int, int, int]
"""The symbol of a state; the number of bits, and the base, of the state after it."""


class DistributionError(FormatError):
    """The description of a distribution is malformed."""

    def __init__(self) -> None:
        super().__init__("the distribution of a table is malformed")


def read_distribution(data: bytes, *, most_bits: int, symbols: int) -> tuple[list[int], int, int]:
    """The probabilities at the start of ``data`` (-1: less than one), the accuracy in bits, and the bytes they take."""
    bits = int.from_bytes(data[:512], "little")
    accuracy = (bits & 15) + 5
    if accuracy > most_bits:
        raise DistributionError
    at, remaining, threshold, width = 4, (1 << accuracy) + 1, 1 << accuracy, accuracy + 1
    counts: list[int] = []
    while remaining > 1:
        short = 2 * threshold - 1 - remaining
        value = bits >> at & (threshold - 1)
        if value < short:
            at += width - 1
        else:
            value = bits >> at & (2 * threshold - 1)
            value -= short if value >= threshold else 0
            at += width
        counts.append(value - 1)
        remaining -= abs(value - 1)
        more = 3 if value == 1 else 0
        while more == 3:  # three more zeros, and another two bits
            more = bits >> at & 3
            at += 2
            counts.extend([0] * more)
        if remaining < 1 or len(counts) > symbols:
            raise DistributionError
        while remaining < threshold:
            width -= 1
            threshold >>= 1
    size = -(-at // 8)
    if size > len(data):
        raise DistributionError
    return counts, accuracy, size


def decoding_table(counts: Sequence[int], accuracy: int) -> list[Cell]:
    """The cell of each state."""
    size = 1 << accuracy
    symbols, high = [0] * size, size
    for symbol, count in enumerate(counts):
        if count < 0:
            high -= 1
            symbols[high] = symbol
    step, mask, at = (size >> 1) + (size >> 3) + 3, size - 1, 0
    for symbol, count in enumerate(counts):
        for _ in range(max(count, 0)):
            symbols[at] = symbol
            at = (at + step) & mask
            while at >= high:
                at = (at + step) & mask
    following = [abs(count) for count in counts]
    table = []
    for symbol in symbols:
        state = following[symbol]
        following[symbol] += 1
        width = accuracy - state.bit_length() + 1
        table.append((symbol, width, (state << width) - size))
    return table
