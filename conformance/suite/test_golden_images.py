"""Images written by real tools: pushed to the registry, fetched back, and judged as artifacts.

The returned image must have the same verdicts as the pushed one. Failures of an image are independent of the
registry (see fixtures/golden/README.md): they are reported under its name and do not count against the registry.
"""

import os
from pathlib import Path

import msgspec
import pytest

from conformance.audit.checking import CheckOptions, judge_source
from conformance.images.golden import GOLDEN_IMAGES, golden_directory
from conformance.reports.model import SubjectReport
from conformance.results import RequirementResult
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.sources.remote import RemoteSource
from conformance.suite.recorded import record_image
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest

pytestmark = [pytest.mark.role("artifact"), pytest.mark.golden]


@pytest.mark.parametrize("name", GOLDEN_IMAGES)
def test_golden_image_is_judged_alike_before_and_after_the_registry(
    name: str, registry: RegistryUnderTest, request: pytest.FixtureRequest
) -> None:
    """Expected: the image in the registry has the verdicts of the layout it came from."""
    options = CheckOptions(use_panel=False)
    local = judge_source(LayoutSource(LayoutReference(golden_directory(name))), options)
    reference = push_layout(registry, golden_directory(name), f"golden/{name}")
    remote = judge_source(RemoteSource(registry.client, reference), options)
    verdicts = tuple(_replayed_on_disk(result, name) for result in remote.verdicts)
    record_image(request.node, f"golden image {name}", msgspec.structs.replace(remote, verdicts=verdicts))
    assert _verdicts(remote) == _verdicts(local), f"the verdicts on {name} differ after a push to the registry"


def _replayed_on_disk(result: RequirementResult, name: str) -> RequirementResult:
    """The image in the registry is deleted at the end of the run; its layout stays."""
    directory = Path(os.path.relpath(golden_directory(name)))
    shown = golden_directory(name) if ".." in directory.parts else directory
    replay = f"zcc check {LayoutReference(shown)}"
    findings = tuple(
        msgspec.structs.replace(finding, replay=replay) if finding.replay else finding for finding in result.findings
    )
    return msgspec.structs.replace(result, findings=findings)


def _verdicts(report: SubjectReport) -> dict[str, str]:
    return {result.id: result.verdict for result in report.verdicts}
