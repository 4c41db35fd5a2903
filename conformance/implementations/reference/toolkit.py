"""What the command line is made of. A tool with one defect is this with one other class."""

import msgspec

from conformance.implementations.reference.consumer import Consumer
from conformance.implementations.reference.copier import Copier
from conformance.implementations.reference.producer import Producer
from conformance.implementations.reference.ranges import BlobRanges
from conformance.registry.client import RegistryClient


class Toolkit(msgspec.Struct, frozen=True):
    """The classes that do the work."""

    producer: type[Producer] = Producer
    consumer: type[Consumer] = Consumer
    copier: type[Copier] = Copier
    ranges: type[BlobRanges] = BlobRanges
    client: type[RegistryClient] = RegistryClient
    name: str = "reference"


REFERENCE = Toolkit()
