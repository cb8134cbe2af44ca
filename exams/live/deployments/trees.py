"""The tree that a deployment serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams import incident
from exams.trees import served
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from exams.models import Attempt, Deployment


def release_tree(attempt: Attempt) -> Tree:
    """What was in production when the incident opened: what of the learner's repository is served."""
    return served(incident.of(attempt).pack, incident.base_tree(attempt))


def tree_of(row: Deployment) -> Tree:
    """What customers are answered by: the learner's files with our protected ones, as far as they are served.

    Raises:
        IngestRefused: the learner's files cannot be combined with ours.
    """
    code = row.of or row
    if code.submission is None:
        return release_tree(row.attempt)
    assert code.submission.tree is not None  # noqa: S101 - the database holds that it was taken in
    submitted = Tree.from_tar(bytes(code.submission.tree.content))
    return served(incident.of(row.attempt).pack, submitted, ours=incident.base_tree(row.attempt))
