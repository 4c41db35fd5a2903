"""The classes behind the command line. A tool with one defect replaces one of them."""

import msgspec

from conformance.reference.builder import Builder
from conformance.reference.consumer import Consumer
from conformance.reference.copier import Copier
from conformance.reference.producer import Producer
from conformance.reference.ranges import BlobRanges
from conformance.registry.client.client import RegistryClient


class Toolkit(msgspec.Struct, frozen=True):
    """The classes of a tool."""

    producer: type[Producer] = Producer
    consumer: type[Consumer] = Consumer
    copier: type[Copier] = Copier
    builder: type[Builder] = Builder
    ranges: type[BlobRanges] = BlobRanges
    client: type[RegistryClient] = RegistryClient
    name: str = "reference"


REFERENCE = Toolkit()
