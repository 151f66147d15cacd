"""`python -m playground.demo`: exits with 0 only if everything ended as told. Ctrl-C at any moment leaves nothing running."""

import sys


def main() -> int:
    """Tell the story; the exit status, 130 also when Ctrl-C comes before it has begun."""
    try:
        from playground.demo.telling import tell  # noqa: PLC0415  Slow to import: Ctrl-C is already answered here.

        return tell()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
