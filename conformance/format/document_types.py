"""The types of the optional fields of an index, a manifest and a config, as OCI image-spec 1.1 defines them.

Sources: descriptor.md, image-index.md, manifest.md, config.md; for fields of the execution config that only Docker
defines, moby api/types/container config.go. Docker writes null for an absent field.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

DocumentKind = Literal["index", "manifest", "config"]
_Text = str | None
_List = list[str] | None
_Pairs = dict[str, str] | None
_Set = dict[str, dict[str, Any] | None] | None
_Time = Annotated[datetime, msgspec.Meta(tz=True)] | None
_PLATFORM_NAMES: Final = {"os_version": "os.version", "os_features": "os.features"}


class _Platform(msgspec.Struct, rename=_PLATFORM_NAMES):
    architecture: _Text = None
    os: _Text = None
    os_version: _Text = None
    os_features: _List = None
    variant: _Text = None


class _Descriptor(msgspec.Struct, rename="camel"):
    urls: _List = None
    annotations: _Pairs = None
    data: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9+/]*={0,2}$")] | None = None
    artifact_type: _Text = None
    platform: _Platform | None = None


class _Index(msgspec.Struct, rename="camel"):
    manifests: list[_Descriptor] | None = None
    artifact_type: _Text = None
    subject: _Descriptor | None = None
    annotations: _Pairs = None


class _Manifest(msgspec.Struct, rename="camel"):
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    artifact_type: _Text = None
    subject: _Descriptor | None = None
    annotations: _Pairs = None


class _Healthcheck(msgspec.Struct, rename="pascal"):
    test: _List = None
    interval: int | None = None
    timeout: int | None = None
    start_period: int | None = None
    start_interval: int | None = None
    retries: int | None = None


class _Execution(msgspec.Struct, rename="pascal"):
    user: _Text = None
    exposed_ports: _Set = None
    env: _List = None
    entrypoint: _List = None
    cmd: _List = None
    volumes: _Set = None
    working_dir: _Text = None
    labels: _Pairs = None
    stop_signal: _Text = None
    args_escaped: bool | None = None
    healthcheck: _Healthcheck | None = None
    on_build: _List = None
    shell: _List = None
    stop_timeout: int | None = None


class _Step(msgspec.Struct):
    created: _Time = None
    author: _Text = None
    created_by: _Text = None
    comment: _Text = None
    empty_layer: bool | None = None


class _Config(msgspec.Struct, rename=_PLATFORM_NAMES):
    created: _Time = None
    author: _Text = None
    architecture: _Text = None
    os: _Text = None
    os_version: _Text = None
    os_features: _List = None
    variant: _Text = None
    config: _Execution | None = None
    history: list[_Step] | None = None


_TYPES: Final[dict[DocumentKind, type[msgspec.Struct]]] = {"index": _Index, "manifest": _Manifest, "config": _Config}
# Go refuses the other texts that RFC 3339 section 5.6 permits (small letters, a blank), and ISO 8601's zone "+0100".
_GO_TIME: Final = re.compile(r"[^Tt ]+T[^Zz+]+?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
# msgspec resolves the fields of a struct at its first use; two threads that do this together crash the interpreter.
_RESOLVED: Final = tuple(msgspec.json.Decoder(each) for each in _TYPES.values())


def type_problem(kind: DocumentKind, fields: dict[str, Any]) -> str:
    """The first optional field of another type: the expected and the found type, and its path; "" if none."""
    try:
        msgspec.convert(fields, _TYPES[kind])
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        return f"{path.rstrip('`') or 'the document'}: {text}"
    return next(_wrong_times(fields), "") if kind == "config" else ""


def _wrong_times(fields: dict[str, Any]) -> Iterator[str]:
    """Times that msgspec reads and Go does not."""
    steps = [(f"history[{position}].", step) for position, step in enumerate(fields.get("history") or ())]
    for place, holder in (("", fields), *steps):
        text = holder.get("created")
        if text is not None and _GO_TIME.fullmatch(text) is None:
            yield f"{place}created: Expected a time such as 2026-01-31T23:59:59Z, got {text[:40]!r}"
