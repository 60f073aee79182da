"""Text that is safe to show: no character in it commands a terminal, no message is too long."""

from collections.abc import Sequence

__all__ = ["LONGEST", "listed", "printable", "sentence"]

LONGEST = 300
"""The most characters of a message; of a longer one the middle is left out."""

_BEGINNING = 120  # what was given; the rest is for what is expected, and how to mend it
_CUT = " … "

_COMMANDS = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x2028, 0x2029),  # end a line or paragraph
    *range(0x202A, 0x202F),  # turn the direction of what follows
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),  # halves of a letter, by which Python stands for undecodable bytes
]
_STAND_INS = dict.fromkeys(_COMMANDS, "?")
_IN_A_SENTENCE = {**_STAND_INS, **dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")}


def printable(text: str) -> str:
    r"""Return text with a question mark for every character that could command a terminal.

    These are control characters, ends of lines among them, characters that turn the direction of
    writing, and lone halves of surrogate pairs. All others stay, so that a path can be copied; and
    where one does not, a shell takes the question mark for any character.

    Examples
    --------
    >>> printable("cat\x1b[2J\n")
    'cat?[2J?'
    """
    return text if text.isprintable() else text.translate(_STAND_INS)


def sentence(message: str) -> str:
    r"""Return a message as one printable line of at most 300 characters.

    Beginning and end stay: what was given, and how to mend it.

    Examples
    --------
    >>> sentence("no\nfolder \x1b[31m")
    'no folder ?[31m'
    >>> len(sentence("the folder " + 5000 * "a" + " is empty; put drawings there"))
    300
    """
    line = message if message.isprintable() else message.translate(_IN_A_SENTENCE)
    if len(line) <= LONGEST:
        return line
    return line[:_BEGINNING] + _CUT + line[_BEGINNING + len(_CUT) - LONGEST :]


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names for a message, of many the first ones.

    Examples
    --------
    >>> listed(["cat", "dog"]), listed(["cat", "dog", "zebra"], most=1)
    ('cat, dog', 'cat and 2 more')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
