"""The demo engineer's own machine: a clone, a regression test, a search through history, two fixes."""

import base64
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.api import Json, NotAsItShouldBe

REGRESSION_TEST = '''"""Every product gets its own approved values, and what no document states is refused."""

import re

import pytest

NUMBER = re.compile(r"\\d+(?:\\.\\d+)?")
WORDINGS = ("What is the {attribute} of {product}?", "How much is the {attribute} on {product}?")


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def cases(facts, *, known):
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            if (fact is not None) is known:
                yield product, attribute, fact


@pytest.mark.parametrize("wording", WORDINGS)
def test_approved_values_are_given_for_the_product_asked_about(ask, facts, wording):
    wrong = []
    for product, attribute, fact in cases(facts, known=True):
        question = wording.format(attribute=attribute["names"][0], product=product["name"])
        reply = ask(question)
        named = product["name"] in reply.text
        if reply.refused or not named or numbers(reply.text) != {float(fact["value"])} or not reply.citations:
            wrong.append((question, fact["value"], reply.text))
    assert not wrong


@pytest.mark.parametrize("wording", WORDINGS)
def test_what_no_document_states_is_refused(ask, facts, wording):
    invented = []
    for product, attribute, _ in cases(facts, known=False):
        reply = ask(wording.format(attribute=attribute["names"][0], product=product["name"]))
        if not reply.refused or numbers(reply.text):
            invented.append((product["name"], attribute["key"], reply.text))
    assert not invented
'''

FILE = "tests/regression/test_approved_answers.py"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
COMPOSE = "    def compose(self, query):\n"


@dataclass(frozen=True)
class Culprit:
    """The first commit that made the test fail."""

    commit: str
    subject: str
    author: str
    files: tuple[str, ...]

    @property
    def component(self) -> str:
        """The part of the assistant the commit changed: the module's name, or `prompt` for its settings."""
        modules = [Path(file).stem for file in self.files if file.startswith("assistant/")]
        return modules[0] if modules else "prompt"


@dataclass(frozen=True)
class Told:
    """One question of a customer, and the answer."""

    question: str
    answer: str


class Workbench:
    """A clone of the attempt's repository."""

    def __init__(self, folder: Path, repository: Json) -> None:
        self.folder = folder
        secret = base64.b64encode(f"{repository['username']}:{repository['token']}".encode()).decode()
        self._auth = ("-c", f"http.extraHeader=Authorization: Basic {secret}")
        self._git(*self._auth, "clone", "--quiet", repository["clone_url"], str(folder), inside=False)
        self._git("config", "user.name", "Demo Engineer")
        self._git("config", "user.email", "demo@hotseat.test")
        self.head = self._git("rev-parse", "HEAD")

    def _git(self, *argv: str, inside: bool = True) -> str:
        ended = subprocess.run(
            ["git", *argv],  # noqa: S607 - the git the person at this terminal uses
            cwd=self.folder if inside else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if ended.returncode:
            raise NotAsItShouldBe(f"git {argv[-2]} {argv[-1]} failed: {ended.stderr.strip()[-600:]}")
        return ended.stdout.strip()

    def commits(self) -> int:
        """How long the history is."""
        return int(self._git("rev-list", "--count", "HEAD"))

    def try_test(self) -> tuple[bool, str]:
        """Run the regression test here, with plain pytest: whether it passes, and what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", FILE],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return ended.returncode == 0, ended.stdout

    def write_test(self) -> tuple[bool, str]:
        """Write the regression test and run it against what is deployed."""
        path = self.folder / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(REGRESSION_TEST)
        return self.try_test()

    def told_wrong(self) -> list[Told]:
        """What customers who complained had asked, all by itself, and were answered, as the traces have it.

        Some complain of an answer that was right: those of a value that is approved are left out.
        """
        facts = json.loads((self.folder / "tests" / "approved_facts.json").read_text())
        complained = {row["session"] for row in self._lines("ops/complaints.jsonl")}
        talks: dict[str, list[Json]] = {}
        for row in self._lines("traces.jsonl"):
            talks.setdefault(row["session"], []).append(row)
        alone = [talk[0] for session, talk in talks.items() if session in complained and len(talk) == 1]
        answered = [Told(row["question"], row["text"]) for row in alone if not row["refused"]]
        return [each for each in answered if _is_wrong(each, facts)]

    def _lines(self, path: str) -> list[Json]:
        return [json.loads(line) for line in (self.folder / path).read_text().splitlines()]

    def find_culprit(self) -> Culprit:
        """Bisect what was released with the regression test: the first commit after which it fails.

        Raises:
            NotAsItShouldBe: the test fails on the oldest release that the log knows, too.
        """
        oldest = (self.folder / "ops" / "deploys.log").read_text().splitlines()[0].partition(": ")[2]
        listed = [line.split(" ", 1) for line in self._git("log", "--reverse", "--format=%H %s").splitlines()]
        released = next(place for place, (_, subject) in enumerate(listed) if subject == oldest)
        commits = [commit for commit, _ in listed[released:]]
        good, bad = 0, len(commits) - 1
        if not self._passes_on(commits[good]):
            raise NotAsItShouldBe(f"The test fails on “{oldest}” already, so no commit since brought the fault.")
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._passes_on(commits[middle]) else (good, middle)
        self._git("checkout", "--quiet", "main")
        found = commits[bad]
        subject, author = self._git("log", "-1", "--format=%s%n%an", found).splitlines()
        files = tuple(self._git("diff-tree", "--no-commit-id", "--name-only", "-r", found).splitlines())
        return Culprit(found, subject, author, files)

    def _passes_on(self, commit: str) -> bool:
        self._git("checkout", "--quiet", "--detach", commit)
        return self.try_test()[0]

    def block_the_question(self, question: str) -> str:
        """The wrong fix: refuse the reported question, word for word; returns the commit."""
        server = self.folder / "assistant" / "server.py"
        source = server.read_text()
        if COMPOSE not in source:
            raise NotAsItShouldBe("assistant/server.py is not as the demo knows it.")
        guard = f'        if query.question == {question!r}:\n            return self.refusal("known to go wrong")\n'
        server.write_text(source.replace(COMPOSE, COMPOSE + guard))
        return self.commit("Refuse the question from the complaint")

    def undo(self, culprit: Culprit) -> str:
        """The right fix: take the wrong one back, undo the culprit, keep the test; returns the commit.

        Later commits may have touched neighbouring lines (every release writes its version), so the culprit is undone
        hunk by hunk, without context, and what no longer applies is left as it is. The test decides.

        Raises:
            NotAsItShouldBe: the test still fails.
        """
        self._git("checkout", "--quiet", self.head, "--", "assistant/server.py")
        patch = self._git("show", "--unified=0", "--format=", culprit.commit)
        subprocess.run(
            ["git", "apply", "--reverse", "--unidiff-zero", "--reject"],  # noqa: S607 - as above
            cwd=self.folder,
            input=patch + "\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        for rejected in self.folder.rglob("*.rej"):
            rejected.unlink()
        passes, printed = self.try_test()
        if not passes:
            raise NotAsItShouldBe(f"Undoing {culprit.commit[:9]} does not make the test pass: {printed[-600:]}")
        return self.commit(f"Undo {culprit.commit[:9]}: it let the assistant answer wrongly")

    def commit(self, message: str) -> str:
        """Commit all there is; returns the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD")

    def push(self) -> None:
        """Send main to the platform."""
        self._git(*self._auth, "push", "--quiet", "origin", "main")


def _is_wrong(told: Told, facts: Json) -> bool:
    """Whether it is about a product and something of it, and names another or no number that is approved for that."""
    asked = told.question.casefold()
    named = [each for each in facts["products"] if each["name"].casefold() in asked]
    about = [each["key"] for each in facts["attributes"] if any(name.casefold() in asked for name in each["names"])]
    if not named or not about:
        return False
    product = max(named, key=lambda each: len(each["name"]))
    values = {float(product["facts"][key]["value"]) for key in about if key in product["facts"]}
    return product["name"] not in told.answer or values.isdisjoint(map(float, _NUMBER.findall(told.answer)))
