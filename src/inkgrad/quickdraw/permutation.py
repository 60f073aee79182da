"""Keyed permutation of 0 … n − 1 in constant memory: a small block cipher that walks its cycles."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Indices

__all__ = ["Permutation", "checked_places", "key_of", "permuted", "width_of"]

Words = npt.NDArray[np.uint64]

_ROUNDS = 8  # Luby and Rackoff need four, with a perfect hash
_FEW_BITS = 12  # up to here halves are so small that more rounds are needed to reach all orders
_ROUNDS_OF_FEW = 24
_LARGEST = 1 << 62
_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: keys of rounds lie far apart
_FIRST = np.uint64(0xBF58476D1CE4E5B9)  # odd multipliers of SplitMix64
_SECOND = np.uint64(0x94D049BB133111EB)
_HALF = np.uint64(32)


def key_of(*numbers: int | str) -> int:
    """Return a key of 64 bits that depends on every one of some numbers and words.

    Examples
    --------
    >>> key_of("epoch", 42, 0) == key_of("epoch", 42, 0), key_of("epoch", 42, 0) == key_of(42, 0)
    (True, False)
    """
    return int.from_bytes(hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest(), "little")


def checked_places(places: npt.ArrayLike, n: int) -> Indices:
    """Return numbers of drawings, or positions in an order, as int64.

    Raises
    ------
    DataError
        If one is not from 0 to n − 1.

    Examples
    --------
    >>> checked_places([2, 0], 3)
    array([2, 0])
    """
    numbers = np.asarray(places, dtype=np.int64)
    if numbers.size and not (int(numbers.min()) >= 0 and int(numbers.max()) < n):
        raise DataError(
            f"drawings {int(numbers.min()):,} to {int(numbers.max()):,} are asked for, but there "
            f"are {n:,}; give numbers between 0 and {n - 1:,}"
        )
    return numbers


class Permutation:
    """One of the orders of 0 … n − 1, chosen by a key, without an array of it.

    A Feistel network permutes 0 … 2ᵏ − 1, where 2ᵏ is the least power of two that is ≥ n: the k
    bits are split into a left and a right half, and in each round one half is XORed with a hash of
    the other and the round's key. This can be undone whatever the hash is, so no two numbers
    become the same one (Luby and Rackoff, *How to Construct Pseudorandom Permutations*, 1988).
    A result ≥ n is put through the cipher again until it is below n, which keeps the map one to
    one (Black and Rogaway, *Ciphers with Arbitrary Finite Domains*, 2002); that takes fewer than
    two passes on average. The hash multiplies by the constants of SplitMix64 (Steele, Lea and
    Flood, *Fast Splittable Pseudorandom Number Generators*, 2014). Grain's ``index_shuffle`` does
    the same with another cipher. Nothing here is secret: the orders are only to be irregular.

    Parameters
    ----------
    n : int
        1 to 2⁶².
    key : int
        Any; see `key_of`.

    Raises
    ------
    DataError
        If `n` is out of its range, or a position is.

    Examples
    --------
    >>> order = Permutation(10, key=1)
    >>> sorted(order(np.arange(10)).tolist()) == list(range(10))
    True
    >>> order(np.array([3])) == order(np.arange(10))[3]
    array([ True])
    """

    def __init__(self, n: int, key: int) -> None:
        if not 1 <= n <= _LARGEST:
            raise DataError(f"n is {n}; a permutation is of 1 to 2^62 numbers")
        self.n, self.key = n, key % (1 << 64)

    def __len__(self) -> int:
        return self.n

    def __call__(self, positions: npt.ArrayLike) -> Indices:
        """Return what is at some positions: int64, shape as given."""
        places = checked_places(positions, self.n)
        flat = places.reshape(-1)
        return permuted(flat, np.int64(self.n), np.uint64(self.key)).reshape(places.shape)


def permuted(
    positions: Indices, sizes: Indices | np.int64, keys: Words | np.uint64, bits: int | None = None
) -> Indices:
    """Return what is at positions of permutations that may differ from element to element.

    Parameters
    ----------
    positions : int64 array of shape (b,)
        Each from 0 to its size − 1; not checked.
    sizes : int64 array (b,) or a number
        The n of each element's permutation.
    keys : uint64 array (b,) or a number
    bits : int, optional
        The cipher's width k, where several calls must agree; by default that of the largest size.

    Examples
    --------
    >>> at = np.array([0, 1, 0, 1])
    >>> keys = np.array([5, 5, 9, 9], np.uint64)
    >>> permuted(at, np.int64(2), keys).reshape(2, 2).sum(axis=1)
    array([1, 1])
    """
    if not positions.size:
        return np.empty(0, dtype=np.int64)
    bits = width_of(int(np.max(sizes))) if bits is None else bits
    found = np.empty(len(positions), dtype=np.int64)
    places = np.arange(len(positions))
    words = positions.astype(np.uint64)
    while True:
        words = _enciphered(words, keys, bits)
        inside = words.astype(np.int64) < sizes
        found[places[inside]] = words[inside]
        if inside.all():
            return found
        outside = ~inside
        places, words = places[outside], words[outside]
        sizes = sizes[outside] if isinstance(sizes, np.ndarray) else sizes
        keys = keys[outside] if isinstance(keys, np.ndarray) else keys


def width_of(n: int) -> int:
    """Return k, the bits of a cipher for n numbers: 2ᵏ ≥ n, and at least two.

    Examples
    --------
    >>> width_of(1), width_of(256), width_of(257)
    (2, 8, 9)
    """
    return max((n - 1).bit_length(), 2)


def _enciphered(words: Words, keys: Words | np.uint64, bits: int) -> Words:
    """Return k-bit numbers after all rounds; `words` stay as they are."""
    small = bits // 2  # bits on the left; as many or one more on the right
    large = bits - small
    left = words >> np.uint64(large)
    right = words & np.uint64((1 << large) - 1)
    with np.errstate(over="ignore"):  # arithmetic modulo 2⁶⁴
        for number in range(_ROUNDS if bits > _FEW_BITS else _ROUNDS_OF_FEW):
            key = keys + np.uint64(number + 1) * _STEP
            if number % 2 == 0:
                left ^= _hash(right, key, small)
            else:
                right ^= _hash(left, key, large)
    joined: Words = (left << np.uint64(large)) | right
    return joined


def _hash(words: Words, key: Words | np.uint64, bits: int) -> Words:
    """Return `bits` bits that depend on all bits of each word and of its key."""
    mixed: Words = words + key
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> _HALF
    mixed *= _SECOND
    mixed >>= np.uint64(64 - bits)
    return mixed
