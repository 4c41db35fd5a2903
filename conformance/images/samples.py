"""Small images to push to registries: a plain and a sentinel variant with random data, which no registry inspects."""

import random

import msgspec

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import (
    CONFIG_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    MANIFEST_TYPE,
    TARSPLIT_POSITION,
)
from conformance.format.sentinel import canonical_sentinel
from conformance.format.variant import make_sentinel_variant, wrap_single

PLATFORM: JsonObject = {"architecture": "amd64", "os": "linux"}


class SampleImage(msgspec.Struct, frozen=True):
    """An image: ``blobs`` by digest, both manifests, and the index of the pair."""

    blobs: dict[str, bytes]
    layer: str
    plain: bytes
    sentinel: bytes
    index: bytes

    @property
    def sentinel_blobs(self) -> tuple[str, ...]:
        """Digests of the blobs that the sentinel manifest needs."""
        fields = msgspec.json.decode(self.sentinel)
        return (fields["config"]["digest"], *(layer["digest"] for layer in fields["layers"]))


def sample_image(salt: str, layer_size: int = 4096) -> SampleImage:
    """An image whose every digest depends on ``salt``; its data layer has ``layer_size`` bytes."""
    layer = random.Random(salt).randbytes(layer_size)  # noqa: S311 (test data, reproducible)
    sentinel = canonical_sentinel()
    config = encode(
        {
            **PLATFORM,
            "config": {"Env": ["PATH=/bin"], "Healthcheck": {"Test": ["NONE"]}},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"tar of " + layer))]},
            "history": [{"created_by": f"sample {salt} <&> é"}],
            "x-unknown": {"salt": salt, "big": 2**60},
        }
    )
    annotations = {
        MANIFEST_CHECKSUM: str(Digest.of(b"toc" + layer)),
        MANIFEST_POSITION: f"{layer_size // 2}:64:128:1",
        TARSPLIT_POSITION: f"{layer_size // 2 + 72}:64:128",
    }
    plain = encode(
        {
            **manifest_of(
                describe(config, CONFIG_TYPE),
                [
                    {
                        "mediaType": LAYER_ZSTD_TYPE,
                        "digest": str(Digest.of(layer)),
                        "size": layer_size,
                        "annotations": annotations,
                    }
                ],
            ),
            "annotations": {"org.example.salt": salt, "org.example.odd": "<&> \u2028 é"},
            "x-unknown": [1, {"keep": True}],
        }
    )
    variant = make_sentinel_variant(plain, config, sentinel)
    contents = (config, variant.config, layer, sentinel)
    return SampleImage(
        {str(Digest.of(content)): content for content in contents},
        str(Digest.of(layer)),
        plain,
        variant.manifest,
        wrap_single(plain, config, variant),
    )


def manifest_descriptor(raw: bytes) -> JsonObject:
    """The descriptor of these manifest bytes, as JSON."""
    return describe(raw, MANIFEST_TYPE)
