"""``python -m conformance.subjects.readers``: the former name of ``python -m conformance.readers``."""

from conformance.readers.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
