"""Digests and OCI documents: strict, bounded, and nothing lost."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format.digest import Digest
from conformance.format.document import MAX_DEPTH, decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.oci import Platform, read_config, read_index, read_manifest

HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_a_digest_is_read_and_verified() -> None:
    assert str(Digest.parse(HELLO)) == HELLO
    assert Digest.of(b"hello") == Digest.parse(HELLO)
    assert Digest.parse(HELLO).matches(b"hello")
    assert not Digest.parse(HELLO).matches(b"hallo")
    assert Digest.of(b"hello", "sha512").matches(b"hello")


def test_digests_have_an_order() -> None:
    first, second, third = (Digest("sha256", "a" * 64), Digest("sha256", "b" * 64), Digest("sha512", "a" * 128))
    assert sorted([third, second, first]) == [first, second, third]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        HELLO.upper(),
        HELLO[:-1],
        HELLO + "0",
        " " + HELLO,
        HELLO + "\n",
        "md5:" + "0" * 32,
        "../x",
        "sha256:" + "g" * 64,
    ],
)
def test_an_invalid_digest_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="is not a sha256 or sha512 digest"):
        Digest.parse(text)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "array, not an object"),
        (b"3", "number, not an object"),
        (b"null", "null, not an object"),
        (b'{"a":1,"a":2}', "key 'a' occurs twice"),
        (b'{"b":{"a":1,"a":2}}', "key 'a' occurs twice"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":1}x', "not JSON"),
        (b'{"a":1', "not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested deeper"),
        (b"[" * 100_000, "nested deeper"),
        (b" " * (4 * 2**20 + 1), "the limit is"),
    ],
)
def test_hostile_json_is_one_clear_error(raw: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode_object(raw, what="manifest")


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_format_error(raw: bytes) -> None:
    with suppress(FormatError):
        decode_object(raw, what="x")


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    assert decode_object(encode({"a": "[" * 1000 + '"' + "{" * 1000}), what="x")


def test_unknown_fields_stay_in_raw_and_fields() -> None:
    raw = b'{"schemaVersion":2,"x-new":{"a":[1]},"config":{"mediaType":"c","digest":"d","size":1,"y":2},"layers":[]}'
    manifest = read_manifest(raw)
    assert manifest.raw == raw
    assert manifest.fields["x-new"] == {"a": [1]}
    assert manifest.fields["config"]["y"] == 2
    assert manifest.view.config.size == 1


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"schemaVersion":2,"layers":[]}', "missing required field `config`"),
        (b'{"schemaVersion":2,"config":{"mediaType":"c","digest":"d","size":"1"},"layers":[]}', "config.size"),
        (b'{"schemaVersion":2,"config":{"mediaType":"c","digest":"d","size":1},"layers":{}}', "layers"),
    ],
)
def test_a_wrong_manifest_names_the_field(raw: bytes, where: str) -> None:
    with pytest.raises(FormatError, match=where):
        read_manifest(raw)


def test_index_and_config_are_read() -> None:
    index = read_index(
        b'{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"d","size":1,"platform":{"os":"linux","architecture":"arm","variant":"v7"}}]}'
    )
    assert str(index.view.manifests[0].platform) == "linux/arm/v7"
    config = read_config(
        b'{"os":"linux","architecture":"amd64","os.version":"10","rootfs":{"type":"layers","diff_ids":["a"]}}'
    )
    assert config.view.platform.os_version == "10"
    assert config.view.rootfs.diff_ids == ("a",)


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm64/v8", "windows/amd64"])
def test_a_platform_is_read_as_it_is_shown(text: str) -> None:
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm64/v8/x", "linux//v8", "linux/a\n", "/"])
def test_an_invalid_platform_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"is not os/architecture\[/variant\]"):
        Platform.parse(text)
