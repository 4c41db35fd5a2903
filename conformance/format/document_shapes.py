"""The keys that readers have fields for, at each place of each document.

Sources: image-spec 1.1 (specs-go/v1 descriptor.go, index.go, manifest.go, config.go), Docker's manifest schema 2 and
image JSON (moby image/image.go, api/types/container Config), toc.go of containers-storage, vbatts/tar-split
tar/storage/entry.go. A key that a single reader knows is included: that reader treats other keys as this one.
"""

from typing import Final

from conformance.format.json_problems import FREE, Shape
from conformance.format.toc import Entry, Toc


def _free(*keys: str) -> dict[str, Shape]:
    return dict.fromkeys(keys, FREE)


_PLATFORM: Final = Shape.of(_free("architecture", "os", "os.version", "os.features", "variant", "features"))
DESCRIPTOR: Final = Shape.of(
    {**_free("mediaType", "digest", "urls", "annotations", "data", "artifactType"), "platform": _PLATFORM},
    integers=("size",),
)
MANIFEST: Final = Shape.of(
    {
        **_free("mediaType", "artifactType", "annotations", "fsLayers", "history", "signatures"),
        **dict.fromkeys(("manifests", "config", "layers", "subject"), DESCRIPTOR),
    },
    integers=("schemaVersion",),
)
"""Also for indexes: a reader distinguishes the two documents by their keys."""

_HEALTH_TIMES: Final = ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
_EXECUTION: Final = Shape.of(
    {
        **_free("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"),
        **_free("ArgsEscaped", "Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty"),
        **_free("Memory", "MemorySwap", "CpuShares"),
        **_free("OpenStdin", "StdinOnce", "Image", "NetworkDisabled", "MacAddress", "OnBuild", "Shell"),
        "Healthcheck": Shape.of(_free("Test"), integers=_HEALTH_TIMES),
    },
    integers=("StopTimeout",),
)
CONFIG: Final = Shape.of(
    {
        **_free("created", "author", "architecture", "os", "os.version", "os.features", "variant"),
        **_free("id", "parent", "comment", "container", "docker_version", "Size"),
        "config": _EXECUTION,
        "container_config": _EXECUTION,
        "rootfs": Shape.of(_free("type", "diff_ids")),
        "history": Shape.of(_free("created", "author", "created_by", "comment", "empty_layer")),
    }
)
TOC_ENTRY: Final = Shape.of(_free(*Entry.__struct_encode_fields__), closed=True)
TOC: Final = Shape.of({**_free(*Toc.__struct_encode_fields__), "entries": TOC_ENTRY}, closed=True)
TAR_SPLIT_LINE: Final = Shape.of(_free("name", "name_raw", "payload"), integers=("type", "size", "position"))
