"""A conforming client that does not know sentinels, and such clients with one defect each.

``scan`` of ``run_client`` unpacks with these and prints the packages: a scanner.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from conformance.cases.mutants.client_parts import consumer
from conformance.cases.mutants.clients_input import LeakyClient
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.frames import SKIPPABLE_MAGIC, map_frames
from conformance.format.names import ESTARGZ_TOC, SENTINEL_TYPE
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations
from conformance.format.selection import Policy
from conformance.reference.consumer import Pulled, PulledLayer
from conformance.reference.errors import NotSupportedError
from conformance.reference.toolkit import Toolkit
from conformance.reference.unaware import TarConsumer
from conformance.reference.whole import WholeLayers
from conformance.requirements import mutant

Unaware = TarConsumer


def unaware() -> Toolkit:
    """The conforming client."""
    return consumer(Unaware)


@mutant("SENT-SELECT-002")
def picks_the_sentinel() -> Toolkit:
    return consumer(Unaware, policy=Policy.AWARE)


@mutant("SENT-PULL-031", implies=("SENT-PULL-032",))
def skips_unknown_layers() -> Toolkit:
    class Skips(Unaware):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            if layer.media_type == SENTINEL_TYPE:
                return PulledLayer((), diff_id)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Skips)


@mutant("SENT-PULL-031", implies=("SENT-PULL-032",))
def ends_with_zero_on_unknown_layers() -> Toolkit:
    """It unpacks nothing, and its exit status is 0."""

    class Silent(Unaware):
        def unpack(self, output: Path) -> Pulled:
            try:
                return super().unpack(output)
            except NotSupportedError as error:
                if SENTINEL_TYPE in str(error):
                    return Pulled("", False, "", (), ())
                raise

    return consumer(Silent)


@mutant("SENT-PULL-032")
def reports_the_error_and_ends_with_zero() -> Toolkit:
    """A scanner: it lists no package and prints the reason, but its exit status is 0."""

    class Reports(Unaware):
        def unpack(self, output: Path) -> Pulled:
            try:
                return super().unpack(output)
            except NotSupportedError as error:
                if SENTINEL_TYPE in str(error):
                    print(f"error: {error}")  # noqa: T201 (what a scanner prints is its report)
                    return Pulled("", False, "", (), ())
                raise

    return consumer(Reports)


class _OneFrame(WholeLayers):
    def decompressed(self, blob: bytes, compression: str) -> Iterator[bytes]:
        return super().decompressed(blob[: map_frames(blob).data[0].end], compression)


@mutant("SENT-PULL-015", implies=("LAYER-008",))
def stops_at_the_first_frame() -> Toolkit:
    """It does not verify DiffIDs either, so it does not notice."""

    class Believes(_OneFrame):
        def verify_diff_id(self, layer: Descriptor, found: Digest, diff_id: Digest) -> None:
            pass

    return consumer(Unaware, whole_layers=Believes)


@mutant("SENT-PULL-016")
def reads_by_one_of_two_tocs() -> Toolkit:
    class Reads(Unaware):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            annotations = ChunkedAnnotations.of(layer.annotations)
            if annotations.estargz_digest is None:
                return super().layer(layer, diff_id, sentinel)
            one = {key: value for key, value in (layer.annotations or {}).items() if key != ESTARGZ_TOC}
            pulled = self.by_toc(msgspec.structs.replace(layer, annotations=one), diff_id, sentinel)
            assert pulled is not None
            return pulled

    return consumer(Reads)


@mutant("LAYER-008")
def knows_one_skippable_magic() -> Toolkit:
    class Knows(WholeLayers):
        def decompressed(self, blob: bytes, compression: str) -> Iterator[bytes]:
            if any(frame.magic != SKIPPABLE_MAGIC for frame in map_frames(blob).skippable):
                raise FormatError("no zstd frame")
            return super().decompressed(blob, compression)

    return consumer(Unaware, whole_layers=Knows)


@mutant("SEC-004")
def breaks_on_bad_frames() -> Toolkit:
    class Breaks(WholeLayers):
        def decompressed(self, blob: bytes, compression: str) -> Iterator[bytes]:
            try:
                yield from super().decompressed(blob, compression)
            except FormatError as error:
                raise OverflowError(str(error)) from error

    return consumer(Unaware, whole_layers=Breaks)


@mutant("SEC-006")
def sends_credentials_on_redirect() -> Toolkit:
    return Toolkit(consumer=Unaware, client=LeakyClient)
