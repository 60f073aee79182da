"""Run the command line as ``python -m inkgrad``."""

from inkgrad.cli import main

if __name__ == "__main__":
    main()
