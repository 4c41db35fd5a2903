"""``python -m conformance``: the ``zcc`` command, for an environment whose scripts are not on PATH."""

from conformance.cli import main

if __name__ == "__main__":
    main()
