"""The two fixtures every test of answers uses: `ask` and `facts`. In grading the platform brings its own."""

import json
from pathlib import Path

import pytest
from assistant.server import open_assistant

ROOT = Path(__file__).parent
REGRESSION = ROOT / "tests" / "regression"
MOST_QUESTIONS = 400  # of all regression tests together in one run, here as in grading
LONGEST_ID = 40


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


@pytest.fixture(scope="session")
def _asked():
    """How many questions the regression tests have asked in this run."""
    return {"questions": 0}


@pytest.fixture
def ask(_assistant, _asked, request):
    """Ask the assistant: `ask("What is …?")`, or with `session="any-name"` for a conversation."""
    counted = REGRESSION in request.path.parents

    def put(question, session=""):
        _asked["questions"] += counted
        if _asked["questions"] > MOST_QUESTIONS:
            pytest.exit(f"The regression tests ask more than {MOST_QUESTIONS} questions, which is the most.", 1)
        if len(session) > LONGEST_ID or session != session.lower():
            raise ValueError(f"{session!r}: a conversation's id has up to {LONGEST_ID} characters and no capitals")
        return Reply(_assistant.reply({"question": question, "session": session}))

    return put


@pytest.fixture
def facts():
    """The approved facts, as compliance keeps them. For tests only: nothing below `tests/` is deployed."""
    return json.loads((ROOT / "tests" / "approved_facts.json").read_text(encoding="utf-8"))
