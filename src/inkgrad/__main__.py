"""The program: ``inkgrad`` and ``python -m inkgrad``.

It takes care of signals before it loads anything else: the command line takes a third of a second.
"""

from inkgrad.signals import leave_at_once

__all__ = ["main"]


def main() -> None:
    """Run the command line; a signal ends it at any moment with a line, and no traceback."""
    leave_at_once()
    from inkgrad.cli import main as run

    run()


if __name__ == "__main__":
    main()
