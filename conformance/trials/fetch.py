"""An image of a registry as a layout, byte for byte: for tools that read layouts only."""

import tempfile
from pathlib import Path

from conformance.reference.copier import Copier, CopierOptions
from conformance.reference.errors import RefusalError
from conformance.reference.store import ContentStore
from conformance.reference.transfer import LayoutDestination
from conformance.registry.client.client import TransportError
from conformance.sources.errors import SourceError
from conformance.sources.source import ImageSource


def fetch_layout(source: ImageSource, directory: Path) -> Path:
    """Copy the image with all that it names into a new layout; SourceError when that does not work."""
    with tempfile.TemporaryDirectory(prefix="zcc-fetch-") as store:
        try:
            Copier(source, ContentStore(Path(store))).copy(LayoutDestination(directory), CopierOptions())
        except (RefusalError, TransportError) as error:
            raise SourceError(f"{source.reference}: {error}") from None
    return directory
