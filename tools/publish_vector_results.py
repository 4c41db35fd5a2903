"""Publishes the results of example runners: python tools/publish_vector_results.py NAME=RESULTS.jsonl…

Writes reports/published/vectors/NAME.jsonl, and the counts into summary.json beside it. Reasons are cut to one short
line: they may name paths of the machine.
"""

import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from conformance.cases.vectors.results import CaseResult, read_results
from conformance.cases.vectors.store import read_index, vectors_directory
from conformance.trials.vector_results import judge_results

PUBLISHED = Path(__file__).parents[1] / "reports" / "published" / "vectors"
_PATH = re.compile(r"/[^\s:\"']*(?:tmp|vectors-)[^\s:\"']*")


def publish(name: str, path: Path) -> dict[str, object]:
    """Publish one runner; return its counts."""
    index = read_index(vectors_directory())
    case_results = read_results(path, (case.id for case in index.cases))
    _, tally = judge_results([case for case in index.cases if case.id in case_results], case_results)
    lines = [json.dumps(_line(case_result), ensure_ascii=False) for case_result in case_results.values()]
    (PUBLISHED / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cases": len(case_results),
        "right": tally.right,
        "wrong": tally.wrong,
        "either": tally.free,
        "skipped": Counter(case_result.outcome for case_result in case_results.values())["skipped"],
        "trees": tally.trees,
    }


def _line(case_result: CaseResult) -> dict[str, str]:
    reason = _PATH.sub("…", case_result.reason.split("\n", 1)[0])[:120]
    fields = {"stage": case_result.stage or "", "reason": reason, "tree_sha256": case_result.tree_sha256}
    return {
        "id": case_result.id,
        "outcome": case_result.outcome,
        **{key: value for key, value in fields.items() if value},
    }


def main() -> None:
    """Publish all named runners."""
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    summary = PUBLISHED / "summary.json"
    counts = json.loads(summary.read_bytes()) if summary.is_file() else {}
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        counts[name] = publish(name, Path(path))
    summary.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
