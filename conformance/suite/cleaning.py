"""What a run pushed is deleted at its end: by the process that pushed it, or by the controller of xdist.

A worker that ends first must not delete: some registries remove a blob from every repository when one deletes it
(crane's), and the workers share the sentinel blob.
"""

from pathlib import Path
from typing import Any, Final

import pytest

from conformance.suite.interruption import keep_left
from conformance.suite.settings import SuiteSettings
from conformance.trials.registry.target import Pushed, RegistryUnderTest

_OUTPUT: Final = "conformance_pushed"


def clean_up(subject: RegistryUnderTest, report_dir: Path) -> str:
    """Delete what was pushed; what the registry retains, and how to delete it later, in one line, or ""."""
    refused = subject.clean_up()
    if not subject.left:
        return ""
    status = f" (HTTP {refused[0].status})" if refused and refused[0].status else ""
    command = keep_left(report_dir, subject.left)
    return (
        f"{subject.name} retains {len(subject.left)} items below {subject.prefix}: it did not delete them{status}. "
        f"To delete them later: {command}"
    )


def hand_to_controller(config: pytest.Config, subject: RegistryUnderTest, *, is_interrupted: bool) -> bool:
    """Whether the controller deletes what this worker pushed. It hears nothing from a worker that is interrupted."""
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is None or is_interrupted:
        return False
    output[_OUTPUT] = subject.hand_over()
    return True


def pushed_by(node: Any) -> Pushed | None:
    """What a worker that has ended handed over."""
    return getattr(node, "workeroutput", {}).get(_OUTPUT)


def clean_up_after_workers(settings: SuiteSettings, pushed: list[Pushed]) -> str:
    """Delete what all workers pushed; as ``clean_up``."""
    client = settings.connection.client(settings.registry, settings.repository)
    subject = RegistryUnderTest(client, f"{settings.repository}/{settings.run_id}", name=settings.subject)
    for each in pushed:
        subject.take_over(each)
    try:
        return clean_up(subject, settings.report_dir)
    finally:
        client.close()
