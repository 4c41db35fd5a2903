"""Stages for tools that take tags only, or speak HTTPS only."""

import json
import shutil
from pathlib import Path

import pytest

from conformance.images.composed import SINGLE, image, layer_of
from conformance.implementations.adapter import parse_adapter
from conformance.trials.consumer.bench import Bench, Pull
from conformance.trials.under_test import ImplementationUnderTest

FETCH = """
import ssl, sys, urllib.request
host, name, tag, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca) if ca != 'none' else None
url = ('https' if context else 'http') + '://' + host + '/v2/' + name + '/manifests/' + tag
print(urllib.request.urlopen(url, context=context).status)
"""


def subject(keys: str, authority: str, directory: Path) -> ImplementationUnderTest:
    program = json.dumps(["{python}", "-c", FETCH, "{host}", "{repository}", "{tag}", authority])
    text = f'name = "t"\ndescription = "d"\nroles = ["consumer-unaware"]\nversion = ["true"]\n{keys}\n'
    return ImplementationUnderTest(parse_adapter(f"{text}[operations]\nscan = {program}\n", source="t"), "1", directory)


def test_a_manifest_asked_for_by_digest_is_given_a_tag(tmp_path: Path) -> None:
    built = image([layer_of(SINGLE)])
    seen = Bench(subject("tags_only = true", "none", tmp_path)).pull(built, "scan", Pull(digest=built.root))
    assert seen.succeeded, seen.reason
    assert seen.output.strip() == "200"
    assert "/manifests/digest-" in seen.exchanges[-1].url


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed on this machine")
def test_a_tool_that_speaks_https_only_finds_registries_whose_certificate_it_trusts(tmp_path: Path) -> None:
    built = image([layer_of(SINGLE)])
    seen = Bench(subject("https_only = true", "{cafile}", tmp_path)).pull(built, "scan")
    assert seen.succeeded, seen.reason
    assert seen.exchanges[-1].url.startswith("https://127.0.0.1:")
