"""Structs that threads use first: msgspec resolves a struct at its first use, and two threads at once crash there."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from conformance.format.document_types import type_problem
from conformance.format.oci import examine_config, examine_index, examine_manifest
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)
def use():
    barrier.wait()
    type_problem("index", {"manifests": [{"platform": {"os": "linux"}}]})
    type_problem("config", {"config": {"Env": ["A=b"]}, "history": [{}]})
    examine_index(b'{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"b","size":1}]}')
    examine_manifest(b'{"schemaVersion":2,"config":{"mediaType":"a","digest":"b","size":1},"layers":[]}')
    examine_config(b'{"rootfs":{"type":"layers"}}')
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("attempt", range(3))
def test_threads_may_be_the_first_to_read_documents(attempt: int) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
