"""The two fixtures every test of answers uses: `ask` and `facts`. In grading the platform brings its own."""

import json
from pathlib import Path

import pytest
from assistant.server import open_assistant

ROOT = Path(__file__).parent


class Reply:
    """What came back: `.text`, `.citations`, `.documents`, `.refused`, and every field as `reply["field"]`."""

    def __init__(self, fields):
        self._fields = fields
        self.text = fields["text"]
        self.citations = fields["citations"]
        self.documents = fields["documents"]
        self.refused = fields["refused"]

    def __getitem__(self, field):
        return self._fields[field]

    def __repr__(self):
        return f"Reply({self.text!r}, citations={self.citations!r}, refused={self.refused!r})"


@pytest.fixture(scope="session")
def _assistant():
    return open_assistant(ROOT)


@pytest.fixture
def ask(_assistant):
    """Ask the assistant: `ask("What is …?")`, or with `session="any name"` for a conversation."""

    def put(question, session=""):
        return Reply(_assistant.reply({"question": question, "session": session}))

    return put


@pytest.fixture
def facts():
    """The approved facts, as compliance keeps them. For tests only: nothing below `tests/` is deployed."""
    return json.loads((ROOT / "tests" / "approved_facts.json").read_text(encoding="utf-8"))
