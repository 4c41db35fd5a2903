"""``python -m conformance.reference push|pull|copy|recompress|unpack|build …``: the entry-point protocol."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance import __version__
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor, Platform
from conformance.implementations import protocol
from conformance.reference.arguments import parse_arguments
from conformance.reference.consumer import ConsumerOptions
from conformance.reference.copier import CopierOptions
from conformance.reference.errors import NotSupportedError, RefusalError
from conformance.reference.local_image import image_of, read_tar, tar_of_directory, tar_of_one_file
from conformance.reference.producer import ProducerOptions
from conformance.reference.ranges import BlobRanges
from conformance.reference.store import ContentStore
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.reference.transfer import LayoutDestination, RegistryDestination
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.client.credentials import CredentialError, find_credentials
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.platforms import machine_platform
from conformance.sources.reference import LayoutReference, RegistryReference, parse_reference
from conformance.sources.remote import RemoteSource
from conformance.sources.source import ImageSource

# Requests to a registry that stalls end in less than a minute.
_TIMEOUT: Final = 10.0
_RETRIES: Final = 3
_SAID: Final = (RefusalError, FormatError, SourceError, TransportError, CredentialError, OSError)


def main(arguments: Sequence[str] | None = None, toolkit: Toolkit = REFERENCE) -> int:
    """Run one operation; the exit status of the protocol."""
    try:
        given = parse_arguments(sys.argv[1:] if arguments is None else arguments, f"{toolkit.name} {__version__}")
        with tempfile.TemporaryDirectory(prefix="zcc-reference-") as directory:
            _Commands(given, toolkit, Path(directory)).run()
    except NotSupportedError as error:
        return _say(error, protocol.UNSUPPORTED)
    except _SAID as error:
        return _say(error, protocol.REFUSED)
    return protocol.DONE


def _say(error: Exception, status: int) -> int:
    line = " ".join(str(error).split())
    print(f"error: {line[:2000]}", file=sys.stderr)  # noqa: T201
    return status


class _Commands:
    """One run: clients by host, a directory for temporary contents, and the operations."""

    def __init__(self, given: argparse.Namespace, toolkit: Toolkit, directory: Path) -> None:
        self._given, self._toolkit = given, toolkit
        self._temporary = directory
        self._clients: dict[str, RegistryClient] = {}

    def run(self) -> None:
        operations: dict[str, Callable[[], None]] = {
            "push": self._push,
            "store": self._store,
            "pull": self._pull,
            "copy": self._copy,
            "recompress": self._copy,
            "unpack": self._unpack,
            "build": self._build,
        }
        try:
            operations[self._given.operation]()
        finally:
            for client in self._clients.values():
                client.close()

    def _push(self) -> None:
        given = self._given
        reference = _registry(given.reference)
        options = ProducerOptions(given.compression, given.preserve_digests, not given.no_sentinel, _digest(reference))
        producer = self._toolkit.producer(self._image(), ContentStore(self._temporary))
        _print(str(producer.push(RegistryDestination(self._client(reference), reference), options)))

    def _store(self) -> None:
        given = self._given
        options = ProducerOptions(given.compression, given.preserve_digests, not given.no_sentinel)
        producer = self._toolkit.producer(LayoutSource(_layout(given.layout)), ContentStore(self._temporary))
        _print(str(producer.push(LayoutDestination(Path(given.target)), options)))

    def _image(self) -> ImageSource:
        given = self._given
        if given.layout and given.platform:
            raise NotSupportedError("push knows --platform for tars and directories only; a layout states its own")
        if given.layout:
            return LayoutSource(_layout(given.layout))
        if given.directory:
            return image_of([tar_of_directory(Path(given.directory))], _platform(given.platform))
        return image_of([read_tar(Path(name)) for name in given.tar], _platform(given.platform))

    def _pull(self) -> None:
        source = self._remote(self._given.reference)
        copier = self._toolkit.copier(source, ContentStore(self._temporary))
        _print(str(copier.copy(LayoutDestination(Path(self._given.layout)), CopierOptions())))

    def _copy(self) -> None:
        given = self._given
        target = _registry(given.destination)
        compression = given.compression if given.operation == "recompress" else ""
        platform = Platform.parse(given.platform) if given.platform else None
        options = CopierOptions(compression, given.preserve_digests, _digest(target), given.to_docker, platform)
        copier = self._toolkit.copier(self._remote(given.reference), ContentStore(self._temporary))
        _print(str(copier.copy(RegistryDestination(self._client(target), target), options)))

    def _build(self) -> None:
        given = self._given
        target = _registry(given.destination)
        tar = tar_of_directory(Path(given.directory)) if given.directory else tar_of_one_file("built")
        builder = self._toolkit.builder(self._remote(given.reference), ContentStore(self._temporary))
        destination = RegistryDestination(self._client(target), target)
        _print(str(builder.build(destination, tar, _platform(given.platform), _digest(target))))

    def _unpack(self) -> None:
        given = self._given
        if bool(given.layout) == bool(given.reference):
            raise NotSupportedError("give either --reference or --layout")
        options = ConsumerOptions(_platform(given.platform), given.prefer_gzip, not given.no_partial)
        store = ContentStore(Path(given.store) if given.store else _data_home() / "zcc-reference" / "contents")
        if given.layout:
            consumer = self._toolkit.consumer(LayoutSource(_layout(given.layout)), store, options, None)
        else:
            reference = _registry(given.reference)
            client = self._client(reference)

            def ranges(layer: Descriptor) -> BlobRanges:
                return self._toolkit.ranges(client, reference.repository, layer)

            consumer = self._toolkit.consumer(RemoteSource(client, reference), store, options, ranges)
        _print(msgspec.json.encode(consumer.unpack(Path(given.output))).decode())

    def _remote(self, text: str) -> RemoteSource:
        reference = _registry(text)
        return RemoteSource(self._client(reference), reference)

    def _client(self, reference: RegistryReference) -> RegistryClient:
        if reference.host not in self._clients:
            given = self._given
            authfile = Path(given.authfile) if given.authfile else None
            login = find_credentials(reference.host, environ=os.environ, config_path=authfile)
            self._clients[reference.host] = self._toolkit.client(
                reference.base_url(), credentials=login, ca_file=given.cafile, timeout=_TIMEOUT, retries=_RETRIES
            )
        return self._clients[reference.host]


def _registry(text: str) -> RegistryReference:
    reference = parse_reference(text if "://" in text else f"docker://{text}")
    if not isinstance(reference, RegistryReference):
        raise RefusalError(f"{text[:200]!r} does not name an image in a registry")
    return reference


def _layout(text: str) -> LayoutReference:
    return LayoutReference(Path(text))


def _digest(reference: RegistryReference) -> Digest | None:
    return Digest.parse(reference.reference) if reference.by_digest else None


def _platform(text: str | None) -> Platform:
    return Platform.parse(text) if text else machine_platform()


def _data_home() -> Path:
    named = os.environ.get("XDG_DATA_HOME")
    return Path(named) if named else Path.home() / ".local" / "share"


def _print(text: str) -> None:
    print(text)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
