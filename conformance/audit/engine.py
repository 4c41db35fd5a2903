"""Runs an audit: lists the images, judges them with threads, and stores every verdict as soon as it is known."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import islice
from typing import Final

import msgspec

from conformance.audit.connections import Hosts
from conformance.audit.listing import Listed, references_of
from conformance.audit.model import AuditOptions
from conformance.audit.parts import Part, Wanted, judge_part
from conformance.audit.pool import Pool, workers_of
from conformance.audit.sources import AuditedImage, Shared, open_image
from conformance.audit.state import Run, State
from conformance.audit.tag_pulls import store_pulls
from conformance.audit.traffic import StoppedError, Traffic
from conformance.audit.work import Judge, Stripes
from conformance.observed.masking import SECRETS
from conformance.registry.client.client import TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.sources.errors import SourceError

_BATCH: Final = 500
_HOSTS_AT_ONCE: Final = 4
_MAX_THREADS: Final = 512


class Progress(msgspec.Struct, frozen=True):
    """The progress of a run; ``total`` is 0 while images are being listed."""

    done: int
    total: int
    bytes: int


class Outcome(msgspec.Struct, frozen=True):
    """The end of a session of a run. ``stopped`` states why it is not finished; ``resumed``: it continued an earlier
    one.
    """

    run: Run
    resumed: bool
    stopped: str = ""


def run_audit(
    state: State,
    targets: Iterable[str],
    options: AuditOptions,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    hosts: Hosts | None = None,
) -> Outcome:
    """Audit all targets, or continue an unfinished run with the same targets. Raises StateError."""
    wanted = tuple(dict.fromkeys(targets))
    run, resumed = state.begin("\n".join(wanted), options.checker, fresh=options.fresh)
    if not resumed:
        state.forget_parts(everything=options.fresh)
    start = time.monotonic()
    hosts = hosts or Hosts(Traffic(options.max_bytes), options.connections)
    audit = _Audit(state, run, options, hosts, on_progress)
    stopped = ""
    try:
        if not run.listed:
            audit.list_images(wanted)
        audit.judge_all()
        if options.pulls:
            store_pulls(state, run)
        state.finish(run.id)
    except StoppedError as error:
        stopped = str(error)
    finally:
        spent = hosts.traffic
        state.add_traffic(run.id, spent.requests, spent.bytes, time.monotonic() - start)
    last = state.last_run()
    return Outcome(last or run, resumed, stopped)


class _Audit:
    def __init__(
        self, state: State, run: Run, options: AuditOptions, hosts: Hosts, on_progress: Callable[[Progress], None]
    ) -> None:
        self._state, self._run, self._options, self.hosts = state, run, options, hosts
        self._on_progress = on_progress
        self._shared, self._locks = Shared(), Stripes()

    def list_images(self, targets: Iterable[str]) -> None:
        for target in targets:
            listed = references_of(target, self._options.connection, self.hosts)
            while batch := list(islice(listed, _BATCH)):
                self._state.add_images(self._run.id, (_row(each) for each in batch))
                self._on_progress(Progress(0, 0, self.hosts.traffic.bytes))
        self._state.set_listed(self._run.id)

    def judge_all(self) -> None:
        total, left = self._state.rows(
            "SELECT COUNT(*), COALESCE(SUM(verdict IS NULL AND problem IS NULL), 0) FROM images WHERE run = ?",
            self._run.id,
        )[0]
        done = total - left
        threads = self._options.connections * _HOSTS_AT_ONCE
        with ExitStack() as stack:
            workers = workers_of(self._options) if left else None
            pool = workers and stack.enter_context(Pool(self._options, self.hosts, workers))
            if workers:  # each thread waits for one worker; a cluster may grow
                threads = min(max(threads, 2 * workers.size), _MAX_THREADS)
            judge = Judge(self._options, self._state, pool.judge if pool else self._judge_here)
            executor = ThreadPoolExecutor(threads, thread_name_prefix="zcc-audit")
            pending: set[Future[None]] = set()
            try:
                for image, reference in self._state.waiting(self._run.id):
                    pending.add(executor.submit(self._judge_one, judge, image, reference))
                    if len(pending) >= 2 * threads:
                        done += self._settle(pending)
                        self._on_progress(Progress(done, total, self.hosts.traffic.bytes))
                while pending:
                    done += self._settle(pending)
                    self._on_progress(Progress(done, total, self.hosts.traffic.bytes))
            finally:
                if pending:
                    self.hosts.stop()
                executor.shutdown(wait=True, cancel_futures=True)

    @staticmethod
    def _settle(pending: set[Future[None]]) -> int:
        """Wait for at least one image; raise an error that ends the run."""
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            pending.remove(future)
            future.result()
        return len(finished)

    def _judge_here(self, source: AuditedImage, wanted: Wanted) -> Part:
        return judge_part(source, wanted, deep=self._options.deep, with_content=self._options.pulls)

    def _judge_one(self, judge: Judge, image: int, reference: str) -> None:
        """Judge one image; an error is recorded in one line, and does not end the audit."""
        try:
            self._judge_image(judge, image, reference)
        except (StoppedError, sqlite3.Error):
            raise
        except (SourceError, CredentialError, TransportError) as error:
            self._state.set_problem(image, _one_line(str(error)))
        except Exception as error:
            if os.environ.get("ZCC_TRACEBACK"):
                raise
            self._state.set_problem(
                image, _one_line(f"internal error, please report it: {type(error).__name__}: {error}")
            )

    def _judge_image(self, judge: Judge, image: int, reference: str) -> None:
        source = open_image(reference, self._options.connection, self.hosts, self._shared)
        announced = source.announced()
        if announced is not None and self._has_verdict(image, source, *announced):
            return
        root = source.root()
        digest, media_type = str(root.actual_digest or ""), root.media_type
        with self._locks.of(source.scope, digest):
            if not source.is_lasting or not self._has_verdict(image, source, digest, media_type):
                verdict = judge.verdict(source)
                checker = self._options.checker
                self._state.keep_verdict(image, source.scope, digest, media_type, checker, verdict)

    def _has_verdict(self, image: int, source: AuditedImage, digest: str, media_type: str) -> bool:
        if self._options.fresh:
            return False
        known = self._state.verdict_of(source.scope, digest, media_type, self._options.checker)
        if known is None:
            return False
        self._state.set_verdict(image, digest, known)
        return True


def _row(listed: Listed) -> tuple[str, str | None]:
    return listed.reference, None if listed.problem is None else _one_line(listed.problem)


def _one_line(text: str) -> str:
    masked = SECRETS.mask(" ".join(text.split()))
    return "".join(character if character.isprintable() else "?" for character in masked)
