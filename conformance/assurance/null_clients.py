"""Null clients, judged like any other: none may pass a MUST that needs evidence of work.

``python -m conformance.assurance.null_clients KIND push|pull|… …``: the entry-point protocol with one of the kinds
below. A suite in which one of them passes a MUST has a defect.
"""

import itertools
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance import __version__
from conformance.format.assembled import manifest_of
from conformance.implementations import protocol

if TYPE_CHECKING:
    from conformance.format.document import JsonObject
    from conformance.registry.client.client import RegistryClient
    from conformance.sources.reference import RegistryReference


def always_fail(arguments: Sequence[str]) -> int:
    """Refuses every operation, with a reason."""
    print(f"error: {arguments[0] if arguments else 'this'} is refused", file=sys.stderr)  # noqa: T201
    return protocol.REFUSED


def always_succeed(_: Sequence[str]) -> int:
    """Does nothing and reports success."""
    return protocol.DONE


def copies_everything(arguments: Sequence[str]) -> int:
    """Copies bytes and inspects nothing, whatever compression is requested and whatever is wrong with the image."""
    # Only this kind needs the registry client, whose import is slow.
    from conformance.reference.copier import Copier, CopierOptions  # noqa: PLC0415
    from conformance.reference.store import ContentStore  # noqa: PLC0415
    from conformance.reference.transfer import LayoutDestination, RegistryDestination  # noqa: PLC0415
    from conformance.sources.layout import LayoutSource  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference  # noqa: PLC0415
    from conformance.sources.remote import RemoteSource  # noqa: PLC0415

    operation, given = arguments[0], _options(arguments[1:])

    source: LayoutSource | RemoteSource
    if operation in ("push", "store", "archive"):
        source = LayoutSource(LayoutReference(Path(given["layout"])))
    else:
        source = RemoteSource(*_registry(given["reference"], given))
    if operation in ("push", "copy", "recompress", "export", "build"):
        named = given["reference" if operation == "push" else "destination"]
        destination: RegistryDestination | LayoutDestination = RegistryDestination(*_registry(named, given))
    else:
        directories = (given.get(name) for name in ("target", "layout", "output"))
        destination = LayoutDestination(Path(next((name for name in directories if name), os.devnull)))
    if operation != "scan":
        with tempfile.TemporaryDirectory() as directory:
            Copier(source, ContentStore(Path(directory))).copy(destination, CopierOptions())
    return protocol.DONE


def echoes_arguments(arguments: Sequence[str]) -> int:
    """Prints its arguments on both streams, and reports success."""
    print(*arguments)  # noqa: T201
    print(*arguments, file=sys.stderr)  # noqa: T201
    return protocol.DONE


def writes_known_files(arguments: Sequence[str]) -> int:
    """Writes the files of the ordinary images of this suite for any request, and sends no request to a registry."""
    from conformance.images.composed import CONTROL, LOWER, UPPER  # noqa: PLC0415

    output = _options(arguments[1:]).get("output", os.devnull)
    for node in (*LOWER, *UPPER, *CONTROL) if Path(output).is_dir() else ():
        path = Path(output, node.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if node.kind == "reg" and not path.is_dir():
            path.write_bytes(node.content)
        elif node.kind == "symlink" and not path.is_symlink():
            path.symlink_to(node.link_name)
        elif node.kind == "hardlink":
            path.write_bytes(Path(output, node.link_name).read_bytes())
    return protocol.DONE


def fetches_and_drops(arguments: Sequence[str]) -> int:
    """Fetches every manifest and blob of the image, and writes nothing."""
    given = _options(arguments[1:])
    if "reference" in given and arguments[0] != "push":
        _fetched(given)
    return protocol.DONE


def keeps_layers_unopened(arguments: Sequence[str]) -> int:
    """Writes the layers as files instead of their contents, as in the archive of docker save."""
    given = _options(arguments[1:])
    if "output" in given and "reference" in given:
        for number, content in enumerate(_fetched(given)):
            Path(given["output"], f"{number}.tar").write_bytes(content)
    return protocol.DONE


def pushes_an_empty_image(arguments: Sequence[str]) -> int:
    """Pushes an image without layers, whatever the source is."""
    from conformance.format.digest import Digest  # noqa: PLC0415
    from conformance.format.document import encode  # noqa: PLC0415
    from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE  # noqa: PLC0415

    given = _options(arguments[1:])
    named = given.get("destination") or (given.get("reference") if arguments[0] == "push" else None)
    if named:
        client, reference = _registry(named, given)
        config = encode({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        digest = str(Digest.of(config))
        client.upload_blob(reference.repository, config, digest=digest)
        described = {"mediaType": CONFIG_TYPE, "digest": digest, "size": len(config)}
        raw = encode(manifest_of(described, []))
        client.put_manifest_raw(reference.repository, reference.reference, raw, MANIFEST_TYPE)
        client.close()
    return protocol.DONE


def crash(_: Sequence[str]) -> int:
    """Ends itself by a signal."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.abort()


def hang(_: Sequence[str]) -> int:
    """Does not end."""
    while True:
        signal.pause()


KINDS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "always-fail": always_fail,
    "always-succeed": always_succeed,
    "copies-everything": copies_everything,
    "crash": crash,
    "echoes-arguments": echoes_arguments,
    "fetches-and-drops": fetches_and_drops,
    "hang": hang,
    "keeps-layers-unopened": keeps_layers_unopened,
    "pushes-an-empty-image": pushes_an_empty_image,
    "writes-known-files": writes_known_files,
}


def main(arguments: Sequence[str]) -> int:
    """Run one kind; every kind prints its version, so that it counts as installed."""
    kind, rest = arguments[0], arguments[1:]
    if tuple(rest) == protocol.VERSION:
        print(f"null client {kind} {__version__}")  # noqa: T201
        return protocol.DONE
    return KINDS[kind](rest)


def _registry(text: str, given: dict[str, str]) -> "tuple[RegistryClient, RegistryReference]":
    from conformance.registry.client.client import RegistryClient  # noqa: PLC0415
    from conformance.sources.reference import RegistryReference, parse_reference  # noqa: PLC0415

    reference = parse_reference(f"docker://{text}")
    assert isinstance(reference, RegistryReference)
    return RegistryClient(reference.base_url(), ca_file=given.get("cafile")), reference


def _fetched(given: dict[str, str]) -> "list[bytes]":
    """The blobs of the first manifest of the reference, completely read."""
    from conformance.format.document import decode_object  # noqa: PLC0415
    from conformance.format.names import MANIFEST_TYPES  # noqa: PLC0415

    client, reference = _registry(given["reference"], given)

    def manifest(name: str) -> "JsonObject":
        response = client.get_manifest_raw(reference.repository, name, accept=MANIFEST_TYPES)
        return decode_object(response.content, what="manifest")

    fields = manifest(reference.reference)
    if "manifests" in fields:
        fields = manifest(fields["manifests"][0]["digest"])
    blobs = [layer["digest"] for layer in fields.get("layers", ())]
    contents = [client.get_blob(reference.repository, digest, max_bytes=2**26).content for digest in blobs]
    client.close()
    return contents


def _options(arguments: Sequence[str]) -> dict[str, str]:
    """``--name value`` pairs; flags are ignored."""
    pairs = itertools.pairwise(arguments)
    return {name[2:]: value for name, value in pairs if name.startswith("--") and not value.startswith("--")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
