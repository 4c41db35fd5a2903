"""A tar read with its headers watched, as the judge reads it."""

import io

from conformance.format.errors import FormatError
from conformance.format.tar import TarReader
from conformance.format.tar_faults import TarFaults
from conformance.format.tar_watch import HeaderWatch


def watched(tar: bytes) -> TarFaults:
    """All that is not canonical in the headers of a tar, as far as it can be read."""
    faults = TarFaults()
    watch = HeaderWatch(faults)
    reader = TarReader(io.BytesIO(tar), watch)
    try:
        while reader.header() is not None:
            for _ in reader.content():
                pass
    except FormatError:
        watch.close()
    return faults
