"""The program: ``inkgrad`` and ``python -m inkgrad``.

It loads nothing before Ctrl-C is taken care of, as the command line takes a third of a second.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line; a signal ends it at any moment without a traceback."""
    # `signal` itself takes milliseconds to load, and Ctrl-C within them shall be quiet too.
    import _signal  # type: ignore[import-not-found]
    import os

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, lambda *_: os._exit(130))

    from inkgrad.signals import leave_at_once

    leave_at_once()

    from inkgrad.cli import main as run

    run()


if __name__ == "__main__":
    main()
