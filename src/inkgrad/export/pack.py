"""Packing: bytes as text that can stand in a web page, as few characters as is simply possible.

Base64 needs 8 bits of page for 6 of data. Here two characters out of 91 hold 13 bits, so 8 bits
hold 6.5, and base85's 6.4 are no simpler. `web/static/page/unpack.js` reads it.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["deflate", "split_header", "split_planes", "to_text"]

_ALPHABET = bytes(code for code in range(0x21, 0x7F) if chr(code) not in "<&\\")
_BITS = 13  # 2¹³ = 8192 < 91² = 8281


def to_text(data: bytes) -> str:
    r"""Return bytes as characters from "!" to "~", without "<", "&" and the backslash.

    Thirteen bits each, the highest first, are two characters; zeros fill up the last ones. To the
    reader the number of bytes tells where these begin: it stands in front, in decimal, and a space.

    Examples
    --------
    >>> to_text(b"ink"), len(to_text(bytes(1300)))
    ('3 H(l6', 1605)
    """
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    groups = np.zeros(-(-len(bits) // _BITS) * _BITS, np.uint8)
    groups[: len(bits)] = bits
    numbers = groups.reshape(-1, _BITS) @ (1 << np.arange(_BITS)[::-1])  # (n, 13) -> (n,)
    digits = np.stack(np.divmod(numbers, len(_ALPHABET)), axis=1)  # (n, 2)
    letters: bytes = np.frombuffer(_ALPHABET, np.uint8)[digits].tobytes()
    return f"{len(data)} {letters.decode('ascii')}"


def deflate(*parts: bytes) -> bytes:
    """Return the parts as one stream of RFC 1951, each by whichever strategy makes it shortest.

    Text is shortest where repetitions are found; weights have none, and looking for some costs.

    Examples
    --------
    >>> len(deflate(b"ink" * 100)) < 20
    True
    >>> zlib.decompress(deflate(b"ink", b"grad"), -15)
    b'inkgrad'
    """
    last = len(parts) - 1
    return b"".join(_deflate(part, is_last=n == last) for n, part in enumerate(parts))


def _deflate(data: bytes, *, is_last: bool) -> bytes:
    """Return data as whole blocks, which end with a byte; only the last says that it is."""
    found = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)
        end = zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH
        found.append(packer.compress(data) + packer.flush(end))
    return min(found, key=len)


def split_planes(data: bytes) -> tuple[bytes, bytes, bytes]:
    r"""Return a safetensors file of float16 as its header, the numbers' high and their low bytes.

    High bytes (sign, exponent, two bits more) are alike and shrink to 5.6 bits; low bytes are
    noise.

    Examples
    --------
    >>> split_planes((4).to_bytes(8, "little") + b"head" + b"\x01\xa1\x02\xa2")
    (b'\x04\x00\x00\x00\x00\x00\x00\x00head', b'\xa1\xa2', b'\x01\x02')
    """
    head, numbers = split_header(data)
    return head, numbers[1::2], numbers[::2]


def split_header(data: bytes) -> tuple[bytes, bytes]:
    r"""Return a safetensors file as its header and its numbers.

    Examples
    --------
    >>> split_header((4).to_bytes(8, "little") + b"head" + b"\x01\xa1")
    (b'\x04\x00\x00\x00\x00\x00\x00\x00head', b'\x01\xa1')
    """
    start = 8 + int.from_bytes(data[:8], "little")
    return data[:start], data[start:]
