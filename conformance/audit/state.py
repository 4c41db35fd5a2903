"""The state of audits in one SQLite file: runs, images, verdicts, parts. One process writes it at a time."""

import fcntl
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from conformance.anatomy.difference.pull import Cost, LayerContent
from conformance.audit.model import ImageVerdict
from conformance.audit.parts import LayerPart, Part

VERSION: Final = 2
_APPLICATION: Final = 0x7A636361  # "zcca"
_BATCH: Final = 1000
_MAX_RECENT: Final = 1024
_MAX_RECENT_BODY: Final = 8 * 2**10
_MAX_BODY: Final = 256 * 2**20
_MAX_PROBLEM: Final = 500
_MAX_INTEGER: Final = 2**62
_SCHEMA: Final = """
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, targets TEXT NOT NULL, checker TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
  listed INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0);
CREATE TABLE images (
  run INTEGER NOT NULL, id INTEGER PRIMARY KEY, reference TEXT NOT NULL, digest TEXT, verdict INTEGER, problem TEXT,
  UNIQUE (run, reference));
CREATE TABLE verdicts (
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, checker TEXT NOT NULL,
  reusable INTEGER NOT NULL, ending TEXT NOT NULL, profile TEXT NOT NULL, sentinel INTEGER NOT NULL,
  mixed INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX verdicts_by_digest ON verdicts (scope, digest, checker);
CREATE TABLE verdict_layers (
  verdict INTEGER NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, kind TEXT NOT NULL, failing TEXT NOT NULL,
  toc_size INTEGER NOT NULL, toc_compressed INTEGER NOT NULL, PRIMARY KEY (verdict, digest)) WITHOUT ROWID;
CREATE INDEX layers_by_digest ON verdict_layers (digest);
CREATE TABLE verdict_fails (
  verdict INTEGER NOT NULL, requirement TEXT NOT NULL, level TEXT NOT NULL,
  PRIMARY KEY (verdict, requirement)) WITHOUT ROWID;
CREATE TABLE verdict_undecided (
  verdict INTEGER NOT NULL, requirement TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (verdict, requirement)) WITHOUT ROWID;
CREATE TABLE contents (
  host TEXT NOT NULL, digest TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (host, digest)) WITHOUT ROWID;
CREATE TABLE pulls (
  run INTEGER NOT NULL, old INTEGER NOT NULL, new INTEGER NOT NULL, platform TEXT NOT NULL,
  full_bytes INTEGER NOT NULL, full_requests INTEGER NOT NULL, full_ranges INTEGER NOT NULL,
  file_bytes INTEGER NOT NULL, file_requests INTEGER NOT NULL, file_ranges INTEGER NOT NULL,
  chunk_bytes INTEGER NOT NULL, chunk_requests INTEGER NOT NULL, chunk_ranges INTEGER NOT NULL,
  PRIMARY KEY (run, old, new, platform)) WITHOUT ROWID;
CREATE TABLE parts (host TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (host, key)) WITHOUT ROWID;
"""
_ENCODER: Final = msgspec.msgpack.Encoder()
_PART: Final = msgspec.msgpack.Decoder(Part)
_VERDICT: Final = msgspec.msgpack.Decoder(ImageVerdict)
_CONTENT: Final = msgspec.msgpack.Decoder(LayerContent)


class PairPull(msgspec.Struct, frozen=True):
    """The cost of pulling an image for a client that has another; both by their ids in the state."""

    old: int
    new: int
    platform: str
    full: Cost
    by_file: Cost
    by_chunk: Cost


class StateError(Exception):
    """The file cannot be used; one line for the user."""


class Run(msgspec.Struct, frozen=True):
    """One audit. ``targets`` are those of the user; ``finished`` is None for an unfinished run."""

    id: int
    targets: str
    checker: str
    started: str
    finished: str | None
    listed: bool
    requests: int
    bytes: int
    seconds: float


class State:
    """The state of audits, for use by several threads: ``with State.open(path) as state``."""

    def __init__(self, connection: sqlite3.Connection, lock_file: IO[bytes] | None = None) -> None:
        self._connection, self._lock_file = connection, lock_file
        self._lock = threading.RLock()
        self._recent: OrderedDict[tuple[str, str], Part] = OrderedDict()
        """A cache of recent parts: an image of fifty layers needs fifty."""

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, writes: bool = True) -> Iterator["State"]:
        """Open the file; create it if absent when ``writes`` is true. Raises StateError."""
        if not writes and not path.is_file():
            raise StateError(f"{path}: no such file; zcc audit creates it")
        lock_file = _locked(path) if writes else None
        try:
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise StateError(f"{path}: {error}") from None
        try:
            _prepare(connection, path, writes=writes)
            yield cls(connection, lock_file)
        except sqlite3.Error as error:
            raise StateError(f"{path}: {error}") from None
        finally:
            connection.close()
            if lock_file is not None:
                lock_file.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def in_batches(
        self, query: str, *values: object, begin: object, key: int, size: int = _BATCH
    ) -> Iterator[tuple[Any, ...]]:
        """All rows of a query without holding the lock between batches of ``size``.

        The last two parameters of the query are the column ``key`` of the last row (at first ``begin``) and a limit.
        """
        last = begin
        while batch := self.rows(query, *values, last, size):
            yield from batch
            last = batch[-1][key]

    def begin(self, targets: str, checker: str, *, fresh: bool = False) -> tuple[Run, bool]:
        """The last run, and True, if it has the same targets and checker and is not finished; otherwise a new run, and
        False.
        """
        last = self.last_run()
        if last and not fresh and not last.finished and (last.targets, last.checker) == (targets, checker):
            return last, True
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO runs (targets, checker, started) VALUES (?, ?, ?)", (targets, checker, _now())
            )
        run = self.last_run()
        assert run is not None
        return run, False

    def last_run(self, *, before: int | None = None, finished: bool = False) -> Run | None:
        """The newest run; ``before``: older than another run; ``finished``: finished runs only."""
        found = self.rows(
            "SELECT id, targets, checker, started, finished, listed, requests, bytes, seconds FROM runs"
            " WHERE (? IS NULL OR id < ?) AND (NOT ? OR finished IS NOT NULL) ORDER BY id DESC LIMIT 1",
            before,
            before,
            finished,
        )
        return _run(found[0]) if found else None

    def add_images(self, run: int, references: Iterable[tuple[str, str | None]]) -> None:
        """Add references to judge, each once; those with a problem count as done."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO images (run, reference, problem) VALUES (?, ?, ?)",
                ((run, reference, problem) for reference, problem in references),
            )

    def set_listed(self, run: int) -> None:
        """Record that all images of a run are listed."""
        with self._writing() as connection:
            connection.execute("UPDATE runs SET listed = 1 WHERE id = ?", (run,))

    def waiting(self, run: int) -> Iterator[tuple[int, str]]:
        """Images of a run that are not done, by id and reference; read in batches."""
        return self.in_batches(
            "SELECT id, reference FROM images WHERE run = ? AND verdict IS NULL AND problem IS NULL AND id > ?"
            " ORDER BY id LIMIT ?",
            run,
            begin=0,
            key=0,
        )

    def verdict_of(self, scope: str, digest: str, media_type: str, checker: str) -> int | None:
        """A reusable verdict on this content."""
        found = self.rows(
            "SELECT id FROM verdicts WHERE scope = ? AND digest = ? AND checker = ? AND media_type = ? AND reusable"
            " ORDER BY id DESC LIMIT 1",
            scope,
            digest,
            checker,
            media_type,
        )
        return found[0][0] if found else None

    def set_problem(self, image: int, problem: str) -> None:
        """Record why an image could not be judged."""
        with self._writing() as connection:
            connection.execute("UPDATE images SET problem = ? WHERE id = ?", (problem[:_MAX_PROBLEM], image))

    def set_verdict(self, image: int, digest: str, verdict: int) -> None:
        """Record that an image has a stored verdict."""
        with self._writing() as connection:
            connection.execute("UPDATE images SET digest = ?, verdict = ? WHERE id = ?", (digest, verdict, image))

    def keep_verdict(
        self, image: int, scope: str, digest: str, media_type: str, checker: str, verdict: ImageVerdict
    ) -> None:
        """Store a new verdict for an image."""
        row = (
            *(scope, digest, media_type, checker, verdict.reusable, verdict.ending, verdict.profile),
            *(verdict.has_sentinel, verdict.is_mixed, zlib.compress(_ENCODER.encode(verdict), 6)),
        )
        with self._writing() as connection:
            made = connection.execute(
                "INSERT INTO verdicts (scope, digest, media_type, checker, reusable, ending, profile, sentinel, mixed,"
                " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            connection.executemany(
                "INSERT OR IGNORE INTO verdict_layers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *(made, each.digest, min(each.size, _MAX_INTEGER), each.kind),
                        *(" ".join(each.failing), each.toc_size, each.toc_compressed),
                    )
                    for each in verdict.layers
                ),
            )
            connection.executemany(
                "INSERT INTO verdict_fails VALUES (?, ?, ?)", ((made, *each) for each in verdict.failing)
            )
            reasons = {each.requirement: each.message for each in verdict.findings if each.outcome == "not-run"}
            connection.executemany(
                "INSERT INTO verdict_undecided VALUES (?, ?, ?)",
                ((made, name, reason[:_MAX_PROBLEM]) for name, reason in reasons.items()),
            )
            connection.execute("UPDATE images SET digest = ?, verdict = ? WHERE id = ?", (digest, made, image))

    def judged(self, run: int) -> Iterator[tuple[int, str, str, int]]:
        """Images of a run that have a verdict: id, reference, digest, verdict; in the order of references."""
        return self.in_batches(
            "SELECT id, reference, digest, verdict FROM images WHERE run = ? AND verdict IS NOT NULL"
            " AND reference > ? ORDER BY reference LIMIT ?",
            run,
            begin="",
            key=1,
        )

    def keep_pulls(self, run: int, pulls: Iterable[PairPull]) -> None:
        """Store costs of pulls."""
        rows = [
            (run, each.old, each.new, each.platform, *(min(number, _MAX_INTEGER) for number in _numbers(each)))
            for each in pulls
        ]
        with self._writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO pulls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def content(self, host: str, digest: str) -> LayerContent | None:
        """The content of the TOC of a layer; None where unknown."""
        found = self.rows("SELECT body FROM contents WHERE host = ? AND digest = ?", host, digest)
        try:
            return _CONTENT.decode(_unpacked(found[0][0])) if found else None
        except (zlib.error, msgspec.DecodeError):
            return None

    def verdict(self, number: int) -> ImageVerdict:
        """A stored verdict. Raises StateError when the file is damaged."""
        found = self.rows("SELECT body FROM verdicts WHERE id = ?", number)
        try:
            return _VERDICT.decode(_unpacked(found[0][0]))
        except (IndexError, zlib.error, msgspec.DecodeError) as error:
            raise StateError(f"verdict {number} cannot be read: {error}") from None

    def part(self, host: str, key: str) -> Part | None:
        """A part that was judged before; None also when it cannot be read."""
        with self._lock:
            known = self._recent.get((host, key))
            if known is not None:
                self._recent.move_to_end((host, key))
                return known
        found = self.rows("SELECT body FROM parts WHERE host = ? AND key = ?", host, key)
        if not found:
            return None
        try:
            part: Part = _PART.decode(_unpacked(found[0][0]))
        except (zlib.error, msgspec.DecodeError):
            return None
        if len(found[0][0]) <= _MAX_RECENT_BODY:
            with self._lock:
                self._recent[host, key] = part
                if len(self._recent) > _MAX_RECENT:
                    self._recent.popitem(last=False)
        return part

    def keep_part(self, host: str, key: str, part: Part) -> None:
        """Store a part, and its content separately, because only pulls need it."""
        content = part.content if isinstance(part, LayerPart) else None
        if content is not None:
            part = msgspec.structs.replace(part, content=None)
        body = zlib.compress(_ENCODER.encode(part), 6)
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", (host, key, body))
            if content is not None:
                packed = zlib.compress(_ENCODER.encode(content), 6)
                connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (host, content.digest, packed))
            self._recent.pop((host, key), None)

    def add_traffic(self, run: int, requests: int, size: int, seconds: float) -> None:
        """Add the traffic and time of a session to a run."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE runs SET requests = requests + ?, bytes = bytes + ?, seconds = seconds + ? WHERE id = ?",
                (requests, size, seconds, run),
            )

    def finish(self, run: int) -> None:
        """Record the end of a run."""
        with self._writing() as connection:
            connection.execute("UPDATE runs SET finished = ? WHERE id = ?", (_now(), run))

    def forget_parts(self, *, everything: bool) -> None:
        """Delete the parts of layers in layouts, because files may have changed; or all parts."""
        with self._writing() as connection:
            connection.execute("DELETE FROM parts WHERE ? OR host LIKE 'oci:%'", (everything,))
            self._recent.clear()


def _run(row: Sequence[Any]) -> Run:
    number, targets, checker, started, finished, listed, requests, size, seconds = row
    return Run(number, targets, checker, started, finished, bool(listed), requests, size, seconds)


def _numbers(pull: PairPull) -> Iterator[int]:
    for cost in (pull.full, pull.by_file, pull.by_chunk):
        yield from (cost.bytes, cost.requests, cost.ranges)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _unpacked(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(body, _MAX_BODY)


def _locked(path: Path) -> IO[bytes]:
    try:
        file = path.with_name(path.name + "-lock").open("ab")
    except OSError as error:
        raise StateError(f"{path}: {error.strerror or error}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StateError(f"{path}: another audit is writing it") from None
    return file


def _prepare(connection: sqlite3.Connection, path: Path, *, writes: bool) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables: Sequence[object] = connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()
    if not tables and not writes:
        raise StateError(f"{path}: it has no audit yet")
    if not tables:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
        )
    elif application != _APPLICATION:
        raise StateError(f"{path}: not the state of an audit")
    elif version != VERSION:
        raise StateError(f"{path}: state of version {version}; this zcc reads version {VERSION}")
    # A killed process loses no committed data; a power failure loses at most the last images.
    connection.execute("PRAGMA synchronous = NORMAL")
