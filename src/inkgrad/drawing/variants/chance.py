"""Counter-based chance: random numbers computed from where they are used, all at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Keys", "chance_keys", "keys_of_members", "uniform"]

Keys = npt.NDArray[np.uint64]
"""A number for each drawing, from which all its chance follows."""

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def chance_keys(seed: int, epoch: int, places: npt.NDArray[np.int64]) -> Keys:
    """Return a key for each place of an epoch.

    Each depends on (seed, epoch, place) alone, so a drawing gets the same chance in whatever batch
    it is met, and a run that is resumed finds it again.

    Parameters
    ----------
    seed, epoch : int
        0 or more.
    places : int64 array of shape (n,)

    Notes
    -----
    Each step is that of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
    Generators*, OOPSLA 2014): add a multiple of the golden ratio, then mix all bits. Counters in
    place of a moving state are the idea of Salmon et al., *Parallel Random Numbers: As Easy as
    1, 2, 3*, SC 2011.

    Examples
    --------
    >>> a, b = chance_keys(42, 0, np.array([7, 8])).tolist()
    >>> a != b, [a] == chance_keys(42, 0, np.array([7])).tolist()
    (True, True)
    """
    key = np.zeros(1, np.uint64)
    words = [epoch & _WORD]
    while seed or len(words) == 1:  # a seed may be longer than a word
        words.append(seed & _WORD)
        seed >>= 64
    for word in words:
        key = _mix(key + np.uint64(word))
    return keys_of_members(np.broadcast_to(key, places.shape), places)


def keys_of_members(keys: Keys, members: npt.NDArray[np.int64]) -> Keys:
    """Return a key for a member of each, such as a stroke of a drawing, by the members' numbers."""
    return _mix(keys + members.astype(np.uint64))


def uniform(keys: Keys, count: int) -> npt.NDArray[np.float64]:
    """Return `count` independent numbers from 0 to below 1 for each key: (count, n).

    Examples
    --------
    >>> numbers = uniform(chance_keys(42, 0, np.arange(10_000)), 3)
    >>> numbers.shape, np.round(numbers.mean(axis=1), 1).tolist()
    ((3, 10000), [0.5, 0.5, 0.5])
    """
    steps = np.arange(1, count + 1, dtype=np.uint64)[:, None]  # (count, 1)
    words = _mix(keys + steps, added=False) >> np.uint64(11)
    return np.asarray(words * 2.0**-53)


def _mix(z: Keys, *, added: bool = True) -> Keys:
    """Return words all of whose bits depend on all of z's."""
    z = (z + np.uint64(added)) * np.uint64(_GOLDEN)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
