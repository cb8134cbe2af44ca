"""What was handed in: what the hotfix changes, and the documents."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from exams import incident
from exams.trees import TESTS
from grading import changes
from grading.evidence.kept import tree_of
from grading.evidence.moments import moment_of
from grading.followups import follow_ups
from grading.naming import files_at_fault

if TYPE_CHECKING:
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def hotfix(kept: Kept) -> JsonObject | None:
    """What the counting work changes; tests apart from the rest."""
    submission = kept.counting
    if submission is None or submission.tree is None:
        return None
    found = changes.between(incident.base_tree(kept.attempt), tree_of(submission))
    tests = [each for each in found.files if each.path.startswith(f"{TESTS}/")]
    rest = [each for each in found.files if each not in tests]
    at_fault = files_at_fault(kept.truth)
    return {
        "run": str(submission.pk),
        "commit": submission.pinned_commit,
        "source_facts": submission.source_facts,
        "files": [dataclasses.asdict(each) for each in rest],
        "tests": [dataclasses.asdict(each) for each in tests],
        "lines_added": sum(each.added or 0 for each in rest),
        "lines_removed": sum(each.removed or 0 for each in rest),
        "modules": _modules(rest, at_fault),
        "touches_module_at_fault": bool(at_fault & {each.path for each in rest}) if at_fault else None,
        "diff": found.diff,
        "diff_cut": found.cut,
        "cites": kept.cite_run(submission),
    }


def _modules(changed: list[changes.Change], at_fault: set[str]) -> list[JsonObject]:
    """The changed files by module: a file of the assistant, or the folder that another file lies in."""
    found: dict[str, list[changes.Change]] = {}
    for each in changed:
        folder, _, name = each.path.rpartition("/")
        module = name.removesuffix(".py") if folder == "assistant" else (folder.partition("/")[0] or name)
        found.setdefault(module, []).append(each)
    return [
        {
            "module": module,
            "files": len(files),
            "lines_added": sum(each.added or 0 for each in files),
            "lines_removed": sum(each.removed or 0 for each in files),
            "at_fault": any(each.path in at_fault for each in files),
        }
        for module, files in sorted(found.items())
    ]


def documents(kept: Kept) -> list[JsonObject]:
    """The documents and the diagnosis of each counting hand-in, with the follow-ups read from them."""
    return [
        {
            "stage": stage.key,
            "deliverable": key,
            "text": text,
            "characters": len(text),
            "received_at": hand_in.received_at,
            "by_deadline": hand_in.by_deadline,
            "follow_ups": [{"text": each.text, "owner": each.owner} for each in follow_ups(text)],
            "cites": moment_of(kept, hand_in).cites,
        }
        for stage in kept.stages
        if (hand_in := kept.hand_ins.get(stage.key)) is not None
        for key, text in kept.texts(stage.key, kinds=("document", "diagnosis"))
    ]
