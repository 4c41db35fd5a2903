"""The producer: pushes an image as plain zstd:chunked with its sentinel variant, or in another compression."""

import msgspec

from conformance.format.digest import Digest
from conformance.reference.compression import CHUNKED
from conformance.reference.convert import Converter
from conformance.reference.copier import Copier, deliver
from conformance.reference.reshape import Reshaper
from conformance.reference.store import ContentStore
from conformance.reference.transfer import Destination, Plan, Transfer
from conformance.sources.source import ImageSource


class ProducerOptions(msgspec.Struct, frozen=True):
    """``preserve_digests``: the image is pushed unchanged. ``digest``: names the destination, if given."""

    compression: str = CHUNKED
    preserve_digests: bool = False
    sentinel: bool = True
    digest: Digest | None = None


class Producer:
    """Pushes one image from a source of whole blobs (a layout, or memory)."""

    converter: type[Converter] = Converter
    reshaper: type[Reshaper] = Reshaper
    copier: type[Copier] = Copier
    transfer: type[Transfer] = Transfer

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        self._source, self._store = source, store

    def push(self, destination: Destination, options: ProducerOptions) -> Digest:
        """Push, and return the digest under the tag. Nothing is sent before everything is created."""
        return deliver(self.plan(options), destination, options.digest, self.transfer())

    def plan(self, options: ProducerOptions) -> Plan:
        """The plan of the push (SENT-PUSH-006: unchanged, when digests must be preserved)."""
        if options.preserve_digests:
            return self.copier(self._source, self._store).copy_plan()
        converter = self.converter(self._source, self._store)
        return self.reshaper(self._source, converter).plan(options.compression, variants=self.wants_variants(options))

    def wants_variants(self, options: ProducerOptions) -> bool:
        """Whether to add variants: only with zstd:chunked, never for a destination named by digest (SENT-PUSH-013)."""
        return options.sentinel and options.compression == CHUNKED and options.digest is None
