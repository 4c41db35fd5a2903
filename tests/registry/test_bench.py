"""Registry programs are found, started, judged twice and stopped; the table states what came out."""

import stat
import sys
from pathlib import Path

import pytest

from conformance.registry.server.launch import LaunchError, find_docker_registry, launch
from conformance.registry.server.programs import PROGRAMS, RegistryProgram
from conformance.suite.every_registry import Judged, judge, table
from tests.tools import need


def test_a_program_is_found_in_the_directory_before_path(tmp_path: Path) -> None:
    mine = tmp_path / "registry"
    mine.write_text("#!/bin/sh\necho 'registry v9.8.7-rc.1+build (linux)'\n")
    mine.chmod(mine.stat().st_mode | stat.S_IXUSR)
    program = next(program for program in PROGRAMS if program.name == "distribution-3")
    assert program.find(tmp_path) == mine
    assert program.ask_version(mine) == "v9.8.7-rc.1+build"


@pytest.mark.parametrize("said", ["GoVer: go1.26.8", '{"time":"2026-11-26T22:35:24.585003219Z","commit":""}'])
def test_a_number_within_a_word_is_no_version(tmp_path: Path, said: str) -> None:
    mine = tmp_path / "olareg"
    mine.write_text(f"#!/bin/sh\necho '{said}'\n")
    mine.chmod(mine.stat().st_mode | stat.S_IXUSR)
    program = next(program for program in PROGRAMS if program.name == "olareg")
    assert program.ask_version(mine) == ""


def test_a_program_that_does_not_start_is_reported_with_its_last_line(tmp_path: Path) -> None:
    program = RegistryProgram("broken", ("sh",), ("{program}", "-c", "echo no storage at {storage}; exit 1"))
    with (
        pytest.raises(LaunchError, match="sh did not start: no storage at"),
        launch(program, Path("/bin/sh"), tmp_path),
    ):
        pytest.fail("it never runs")


SERVES = """
import http.server, os, sys
class Responds(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401 if os.environ["MADE_FOR"] == "zcc" else 500)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Responds).serve_forever()
"""


def with_a_user(prepare: str) -> RegistryProgram:
    """Python in place of a registry that requires a user, who is created before it starts."""
    return RegistryProgram(
        "with-user",
        ("python3",),
        ("{program}", "-c", SERVES, "{port}"),
        prepare=(("{program}", "-c", prepare, "{storage}", "{password}"),),
        environment={"MADE_FOR": "zcc"},
        username="zcc",
        namespace="mine",
    )


def test_a_registry_with_users_gets_one_before_it_starts(tmp_path: Path) -> None:
    program = with_a_user("import sys; open(sys.argv[1] + '/made', 'w').write(sys.argv[2])")
    with launch(program, Path(sys.executable), tmp_path) as registry:
        assert (registry.username, registry.namespace) == ("zcc", "mine")
        assert (tmp_path / "storage" / "made").read_text() == registry.password != ""


def test_what_fails_before_the_start_is_reported_without_the_password(tmp_path: Path) -> None:
    program = with_a_user("import sys; sys.exit(3)")
    with pytest.raises(LaunchError, match="exit status 3") as caught, launch(program, Path(sys.executable), tmp_path):
        pytest.fail("it never runs")
    assert "***" in str(caught.value)


def test_names_of_programs_are_unique() -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)


def test_docker_registry_is_judged_twice_with_the_same_verdicts(tmp_path: Path) -> None:
    path = find_docker_registry()
    need(path is not None, "docker-registry")
    assert path is not None
    judged = judge(PROGRAMS[0], path, tmp_path, None)
    assert judged.passed == judged.musts > 9
    assert "REG-018 (SHOULD)" in judged.failed
    assert set(judged.differing) <= {"REG-026"}, "only the race may differ"
    assert (tmp_path / "distribution-2" / "results.json").is_file()
    assert judged.name in "\n".join(table([judged]))


def test_the_table_says_what_differs() -> None:
    judged = Judged("mine", "1.0", 1, 2.5, 9, 11, ("REG-016 (MUST)",), ("REG-026",), 1.5, "0 of 850 fail")
    row = list(table([judged]))[-1]
    assert row == "| mine | 1.0 | 9 of 11 | REG-016 (MUST) | REG-026 | 2.5 | 1.5 (0 of 850 fail) |"
