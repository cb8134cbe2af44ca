"""One learner plays an exam over HTTP and git while others do: each act timed, what went wrong kept in words."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from deploy.demo.api import Json, NotAsItShouldBe, Person
from deploy.demo.workbench import FILE, REGRESSION_TEST, Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TWIN = "jt-incident-4"
POLL_SECONDS = 10.0  # as a page that shows what goes on
_LOOK_SECONDS = 1.0  # for something that the learner waits for
_PATIENCE_SECONDS = 420.0
_CHANGED = "\n# Looked at during the incident.\n"


@dataclass
class Diary:
    """What every learner did and for how long, what failed, and what they were told of their waits."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    attempts: list[UUID] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, act: str, seconds: float) -> None:
        """Something took so long."""
        with self._lock:
            self.took[act].append(seconds)

    def note_failure(self, act: str, why: str) -> None:
        """Something did not come about."""
        with self._lock:
            self.failed[act].append(why)

    @contextmanager
    def timed(self, act: str) -> Iterator[None]:
        """Time what is done in the block; it failed if it raises, and the learner goes no further."""
        began = time.perf_counter()
        try:
            yield
        except (NotAsItShouldBe, httpx.HTTPError, OSError) as fault:
            self.note_failure(act, f"{type(fault).__name__}: {fault} (after {time.perf_counter() - began:.1f} s)")
            raise
        self.note(act, time.perf_counter() - began)


class Learner:
    """Somebody with a token, a folder of their own and a way of thinking for a while between two acts."""

    def __init__(self, person: Person, diary: Diary, *, think_seconds: float, seed: int) -> None:
        self._person = person
        self._diary = diary
        self._lot = random.Random(seed)  # noqa: S311 - pauses, not secrets
        self._think_seconds = think_seconds
        self._receipts: set[int] = set()
        self._path = ""

    def play(self) -> None:
        """From start to hand-in, as far as it goes; what stopped it is in the diary."""
        folder = Path(tempfile.mkdtemp(prefix="hotseat-learner-"))
        over = threading.Event()
        poller = threading.Thread(target=self._watch, args=(over,), daemon=True)
        try:
            with self._diary.timed("start"):
                attempt = self._person.start(TWIN)
            self._path = f"attempts/{attempt['id']}"
            self._diary.attempts.append(UUID(attempt["id"]))
            poller.start()
            self._work(attempt, folder / "assistant")
            self._require_receipts()
        except (NotAsItShouldBe, httpx.HTTPError, OSError):
            pass  # the diary has it
        finally:
            over.set()
            if poller.ident is not None:
                poller.join()
            self._person.close()
            shutil.rmtree(folder, ignore_errors=True)

    def _work(self, attempt: Json, folder: Path) -> None:
        with self._diary.timed("git clone"):
            bench = Workbench(folder, attempt["repository"])
        questions = _questions(bench)
        self._think()
        for question in questions:
            self._ask("ask", question, deployment=0)
            self._think()
        self._tell("investigating", "I reproduce what customers complained about.")
        self._think()
        (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(REGRESSION_TEST)
        changed = folder / "assistant" / "server.py"
        changed.write_text(changed.read_text() + _CHANGED)
        bench.commit("Look into it, with a test")
        with self._diary.timed("git push"):
            bench.push()
        run = self._run()
        self._think()
        self._deploy(run)
        self._think()
        self._ask("ask the new version", questions[0], deployment=1)
        self._diagnose(questions)
        self._think()
        with self._diary.timed("roll back"):
            self._keep(self._person.post(f"{self._path}/rollback/", {}, expect=201))
        self._tell("monitoring", "We went back to the version before, and watch what customers get.")
        self._think()
        self._hand_in()

    # --- Acts ---------------------------------------------------------------------------------------------------------

    def _ask(self, act: str, question: str, *, deployment: int) -> None:
        with self._diary.timed(act):
            began = time.perf_counter()
            asked = self._person.post(f"{self._path}/ask/", {"question": question}, expect=(200, 202))
            self._keep(asked)
            self._diary.note(f"{act}: until HTTP answered", time.perf_counter() - began)
            number = asked["question"]["number"]
            seen = self._until(
                asked, lambda: self._person.get(f"{self._path}/questions/{number}/"), lambda it: _of(it) != "waiting"
            )["question"]
            if seen["state"] != "answered" or seen["deployment"] != deployment:
                raise NotAsItShouldBe(f"The question is {seen['state']}, put to deployment {seen['deployment']}.")

    def _tell(self, state: str, text: str) -> None:
        body = {"audience": "stakeholders", "state": state, "text": text}
        with self._diary.timed("status update"):
            self._keep(self._person.post(f"{self._path}/status-updates/", body, expect=201))

    def _run(self) -> str:
        with self._diary.timed("ask for a run"):
            run = self._person.post(f"{self._path}/runs/", {"source": {"mode": "repo_url"}}, expect=202)
        self._verdict("practice run", run, "graded")
        return str(run["id"])

    def _verdict(self, act: str, run: Json, ends: str) -> None:
        """Wait for a verdict; the first word about the wait is held against how long it then took."""
        began, told = time.perf_counter(), None
        with self._diary.timed(f"{act} → verdict"):

            def look() -> Json:
                nonlocal told
                seen = self._person.get(f"runs/{run['id']}/")
                if told is None and seen["queue"] is not None:
                    told = (time.perf_counter(), seen["queue"]["wait_seconds"], seen["queue"]["wait_seconds_at_most"])
                    self._diary.note(f"{act}: until its place in the queue was told", told[0] - began)
                return seen

            seen = self._until(run, look, lambda it: it["state"] in {"graded", "held", "platform_fault"})
            if seen["state"] != ends:
                raise NotAsItShouldBe(f"The run is {seen['state']}: {seen['verdict']}")
        if told is not None:
            waited = time.perf_counter() - told[0]
            outside = max(waited - told[2], 0.0) or min(waited - told[1], 0.0)
            self._diary.note(f"{act}: by how much the wait was outside the range told", outside)

    def _deploy(self, run: str) -> None:
        path = f"{self._path}/deployments/"
        with self._diary.timed("deploy: HTTP"):
            asked = self._person.post(path, {"run": run}, expect=201)
        self._keep(asked)
        row = asked["deployment"]
        began = time.perf_counter()

        def look() -> Json:
            found: Json = self._person.get(path)["results"][row["number"]]
            return found

        with self._diary.timed("deploy → tried"):
            seen = self._until(row, look, lambda it: it["state"] not in {"waiting", "replaying"})
        with self._diary.timed("deploy → live"):
            seen = self._until(seen, look, lambda it: it["live_now"] or it["because"])
            if seen["because"]:
                raise NotAsItShouldBe(f"The deployment is {seen['state']}: {seen['because']}")
        rolled = datetime.fromisoformat(row["goes_live_at"]) - datetime.fromisoformat(row["requested_at"])
        self._diary.note("deploy: live after goes_live_at", time.perf_counter() - began - rolled.total_seconds())

    def _diagnose(self, questions: list[str]) -> None:
        body = {"component": "retriever", "failure_class": "H1", "explanation": "As asked.", "repro": questions}
        with self._diary.timed("diagnosis"):
            filed = self._person.post(f"{self._path}/diagnoses/", body, expect=201)
        self._keep(filed)
        number = filed["diagnosis"]["number"]
        with self._diary.timed("diagnosis → tried"):
            self._until(
                filed,
                lambda: self._person.get(f"{self._path}/diagnoses/{number}/"),
                lambda it: it["diagnosis"]["reproduces"] is not None,
            )

    def _hand_in(self) -> None:
        body = {
            "deliverables": {"diagnosis": "The retriever.", "hotfix": {"mode": "repo_url"}},
            "self_checks": {"F1": "yes", "F2": "yes"},
        }
        with self._diary.timed("hand in"):
            handed = self._person.post(f"{self._path}/stages/live/hand-in/", body, expect=201)
        self._keep(handed)
        runs = self._person.get(f"{self._path}/runs/")["results"]
        self._verdict("hand-in", next(each for each in runs if each["purpose"] == "hand_in"), "held")

    # --- What goes with it --------------------------------------------------------------------------------------------

    def _watch(self, over: threading.Event) -> None:
        """Read the chart and the feed every few seconds, as somebody's page does."""
        after = 0
        with_token = self._person.twin()
        try:
            while True:
                try:
                    with self._diary.timed("read telemetry"):
                        chart = with_token.get(f"{self._path}/telemetry/")
                    lag = datetime.fromisoformat(chart["server_now"]) - datetime.fromisoformat(chart["known_until"])
                    self._diary.note("telemetry: behind now", lag.total_seconds())
                    with self._diary.timed("read events"):
                        after = with_token.get(f"{self._path}/events/?after={after}")["after"]
                except (NotAsItShouldBe, httpx.HTTPError, OSError):
                    pass  # the diary has it; the page tries again
                if over.wait(POLL_SECONDS):
                    return
        finally:
            with_token.close()

    def _until(self, first: Json, look: Callable[[], Json], done: Callable[[Json], Any]) -> Json:
        seen, ends = first, time.monotonic() + _PATIENCE_SECONDS
        try:
            if done(seen):
                return seen
        except KeyError:  # what was answered at first has another form
            pass
        while time.monotonic() < ends:
            seen = look()
            if done(seen):
                return seen
            time.sleep(_LOOK_SECONDS)
        raise NotAsItShouldBe(f"It did not come within {_PATIENCE_SECONDS:.0f} s; last seen: {json.dumps(seen)[:300]}")

    def _think(self) -> None:
        time.sleep(self._lot.uniform(0, 2 * self._think_seconds))

    def _keep(self, answer: Json) -> None:
        self._receipts.add(answer["receipt"]["number"])

    def _require_receipts(self) -> None:
        """Every act that was acknowledged is in the ledger."""
        listed = {each["number"] for each in self._person.get(f"{self._path}/receipts/")["receipts"]}
        for number in self._receipts - listed:
            self._diary.note_failure("acts kept", f"receipt {number} of {self._path} is gone")


def _of(answer: Json) -> str:
    return str(answer["question"]["state"])


def _questions(bench: Workbench) -> list[str]:
    """Three questions: what customers complained of, as far as there is any that can be asked by itself."""
    asked = dict.fromkeys(each.question for each in bench.told_wrong())
    return [*asked, "What is the annual fee?", "How much is the late fee?", "What is the interest rate?"][:3]
