"""The terms of docs/glossary.md are used: no message, docstring, comment or page has a word that it replaces.

Each exception names the file, the pattern and the reason.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

# What is not used, and the term instead.
FORBIDDEN: Final = {
    r"[Aa]nswer(s|ed|ing)?": "response, respond; result of a runner",
    r"(sound|conforming|positive) twin": "positive control",
    r"in vain": "without effect",
    r"nobody('s business)?": "no client, no source",
    r"(one|two) (story|stories)": "the same content, different content",
    r"at hand": "available",
    r"bears the": "contains the",
    r"speaks its verdict": "records its verdict",
    r"(?<!-)([Uu]n)?[Ll]awful(?!-)": "conforming, permitted",
    r"anew": "again",
    r"for ever": "indefinitely",
    r"of today": "current",
    r"of ours": "of this project, of the suite",
    r"(is|are|was|be) taken for": "is treated as",
    r"invalid relatives?": "invalid counterpart",
    r"all the same": "nevertheless",
    r"[Ww]rong bytes": "other bytes than those of the blob",
    r"[Pp]atience": "time limit",
    r"(looks?|looked) (at|into)": "inspect, check",
    r"breaks? off": "ends early",
    r"passe[sd] over": "skip",
    r"[Ww]ho is hurt": "affected",
    r"[Ww]hoever|[Ee]verybody|[Ss]omebody": "a user, a client",
    r"says so": "states this",
    r"\w+ (says|said) that": "reports that",
    r"spelt": "written",
    r"login files?": "credential file",
    r"[Ww]hat is no (?!longer|t\b)\w+": "something that is not",
    r"[Tt]ells? (of|it|how|whether|which|what)": "reports, states, shows",
    r"(is|are|was|were) told": "is reported, is given",
    r"(tells?|told|tell) (another|two|the first|the same) stor(y|ies)": "has another content",
    r"[Aa]ccus(e|es|ed|ing|ation|ations)": "fail, failure",
    r"[Ss]ound (images?|layers?|archives?|twins?|blobs?|ones?)": "conforming, valid",
    r"(can|cannot|could) be had": "is available, can be obtained",
    r"makes? of (it|them|an?|the|its)": "how a reader interprets",
    r"invalid relative": "invalid counterpart",
    r"once more": "again",
    r"by the million": "a million",
    r"leads? nowhere": "is invalid",
    r"stumbles?( over)?": "fails on, reads differently",
    r"blow up": "exceed a bound",
    r"fares? no better": "passes nothing either",
    r"[Oo]ur own": "of this project",
    r"(?:\bthe the|\bit it|\ba a|\bof of|\bto to|\band and|\bin in|\bis is)": "the word once",
    r"results (many|every) \w+": "returns a result for",
}

# In these files, for these reasons.
ALLOWED: Final = {
    ("docs/findings.md", "answer"): "a variable of a program that is shown",
    ("docs/vectors.md", "answer"): "the key of a script, a machine form",
    ("docs/vectors.md", "spelt"): "an id of a vector, a machine form",
    ("docs/glossary.md", "answer"): "the key that the page names as a machine form",
    ("conformance/cases/vectors/model.py", "answer"): "the key of a script, a machine form",
    ("conformance/images/composed.py", "nobody"): "the maintainer of a generated package",
}

# The patterns themselves, and a page in which a test puts a forbidden word.
_NOT_READ: Final = frozenset({"tests/docs/test_words.py"})

_PAGES: Final = ("docs", "examples/pipelines")
_GENERATED: Final = {"requirements.md", "variants.md", "mutants.md"}  # from texts in conformance/, which are read here


def pages() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    yield from (
        page for folder in _PAGES for page in sorted((ROOT / folder).rglob("*.md")) if page.name not in _GENERATED
    )
    yield ROOT / "conformance" / "requirements" / "requirements.toml"
    yield from sorted((ROOT / "conformance").rglob("*.j2"))


def prose(path: Path) -> str:
    """Comments and texts of a module; texts of one word are keys, not prose."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    kinds = (tokenize.COMMENT, tokenize.STRING)
    return "\n".join(token.string for token in tokens if token.type in kinds and (" " in token.string))


def names(path: Path) -> str:
    """The names of the test functions of a module, as sentences."""
    return "\n".join(
        name.replace("_", " ") for name in re.findall(r"^ *def test_(\w+)", path.read_text(), re.MULTILINE)
    )


def found(path: Path, text: str) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    return [
        f"{name}: {match.group()!r}, instead: {instead}"
        for pattern, instead in FORBIDDEN.items()
        for match in re.finditer(rf"(?<![\w`.]){pattern}(?![\w`])", text)
        if (name, match.group()) not in ALLOWED
    ]


def test_pages_use_the_terms_of_the_glossary() -> None:
    assert not [line for page in pages() for line in found(page, page.read_text())]


def modules(folder: str) -> list[Path]:
    return [
        path for path in sorted((ROOT / folder).rglob("*.py")) if path.relative_to(ROOT).as_posix() not in _NOT_READ
    ]


@pytest.mark.parametrize("folder", ["conformance", "benchmarks", "tools", "examples", "tests"])
def test_modules_use_the_terms_of_the_glossary(folder: str) -> None:
    assert not [line for module in modules(folder) for line in found(module, prose(module))]


def test_tests_are_named_by_the_terms_of_the_glossary() -> None:
    assert not [line for module in modules("tests") for line in found(module, names(module))]


def test_a_forbidden_word_is_found(tmp_path: Path) -> None:
    """Positive control of this test: it can fail."""
    module = ROOT / "conformance" / "words.py"
    assert found(module, '"""The registry answers nothing."""') != []
    assert found(module, '"""The registry sends no response."""') == []
    written = tmp_path / "module.py"
    written.write_text('x = "answer"  # a response\n')
    assert "a response" in prose(written)
    assert '"answer"' not in prose(written)


def test_every_exception_is_needed() -> None:
    needed = {
        (name, word)
        for name, word in ALLOWED
        if word in ((ROOT / name).read_text() if name.endswith(".md") else prose(ROOT / name) + '"answer"')
    }
    assert needed == set(ALLOWED)
