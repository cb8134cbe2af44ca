"""Small trees for tests of the sandbox: a toy assistant, a regression test, and what is asked of them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from sandboxes.ingest.tree import Tree
from sandboxes.sandbox import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandboxes.sandbox import NodeOutcome, TestRun

FACTS = b'{"as_of": "2026-01-01", "products": [{"id": "ridge-gold"}]}'

ECHO = """
class Assistant:
    def reply(self, request):
        return {"text": request["question"].upper(), "citations": [], "documents": ["doc-1"], "refused": False}

def open_assistant(root):
    return Assistant()
"""


def assistant(server: str = ECHO, **files: bytes) -> Tree:
    """A tree that can be served; `server` is the text of assistant/server.py."""
    return Tree({"assistant/__init__.py": b"", "assistant/server.py": dedent(server).encode(), **files})


def replying(body: str) -> Tree:
    """A tree whose `reply(request)` has this body."""
    lines = "\n".join(f"        {line}" for line in dedent(body).strip().splitlines())
    return assistant(
        f"import os, sys, time\n\nclass Assistant:\n    def reply(self, request):\n{lines}\n\n"
        "def open_assistant(root):\n    return Assistant()\n"
    )


def regression(source: str, others: Mapping[str, bytes] | None = None) -> Tree:
    """A tree with one regression test file."""
    return Tree({"tests/regression/test_it.py": dedent(source).encode(), **(others or {})})


def canned(question: str, session: str) -> Exchange:
    """Answer as `ECHO` would, without a container."""
    reply = {"text": question.upper(), "citations": [], "documents": ["doc-1"], "refused": False}
    return Exchange(question, session, reply, None, 0.0)


def outcomes(run: TestRun) -> dict[str, NodeOutcome]:
    """Test name -> outcome, without the file's name."""
    return {node.node_id.rpartition("::")[2]: node.outcome for node in run.nodes}
