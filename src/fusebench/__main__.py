"""Entry point of the ``fusebench`` command and of ``python -m fusebench``."""

from .bench.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
