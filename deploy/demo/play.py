"""The story of one incident, from the brief to the signed result; every step is checked."""

import re
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deploy.demo.api import Json, NotAsItShouldBe, Person, until
from deploy.demo.workbench import Culprit, Workbench

TWIN = "demo-incident"
SCORES = {
    "diagnosis_speed": "1.00",
    "hotfix_correctness": "0.95",
    "regression_safety": "0.90",
    "postmortem_quality": "0.75",
    "communication": "0.80",
}

say = Console(highlight=False, record=True)


@dataclass(frozen=True)
class Cast:
    """Who plays."""

    learner: Person
    mentor: Person
    other_mentor: Person


def picture(file: str) -> None:
    """Keep what was printed since the verdict as an SVG that fetches nothing, fonts included."""
    drawn = say.export_svg(title="make demo")
    drawn = re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    Path(file).write_text(drawn, encoding="utf-8")


def expect(what: str, *, holds: bool) -> None:
    """Check one thing the story rests on.

    Raises:
        NotAsItShouldBe: it does not hold.
    """
    if not holds:
        raise NotAsItShouldBe(f"It should hold that {what}, and it does not.")


def chapter(title: str) -> None:
    """A heading in the story."""
    say.print(f"\n[bold]{title}[/bold]")


def clock(body: Json, closes_at: str) -> str:
    """Minutes and seconds left on the server's clock."""
    left = datetime.fromisoformat(closes_at) - datetime.fromisoformat(body["server_now"])
    return f"{after(max(0.0, left.total_seconds()))} left"


def table_of(*headings: str, title: str | None = None) -> Table:
    """A table without upright lines: they do not meet in every font, and a picture is read in any."""
    return Table(*headings, title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def moment(iso: str) -> str:
    """A time of the server's as a person reads it, with its zone."""
    return f"{datetime.fromisoformat(iso):%d %b %Y, %H:%M:%S} UTC"


def after(seconds: float) -> str:
    """A distance in time: minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def play(cast: Cast, *, source: str) -> None:
    """Play it to the end.

    Raises:
        NotAsItShouldBe: something was not as it should be.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hotseat-demo-") as folder:
        attempt = _start(cast.learner)
        bench = Workbench(Path(folder) / "assistant", attempt["repository"])
        say.print(f"  cloned {attempt['repository']['clone_url']}: {bench.commits()} commits")
        question = _reproduce(cast.learner, attempt, bench)
        culprit, unknown = _search(cast.learner, attempt, bench)
        _diagnose(cast.learner, attempt, culprit, question, unknown=unknown)
        _fix_wrongly(cast.learner, attempt, bench, question)
        _fix(cast.learner, attempt, bench, culprit)
        live = _hand_in_live(cast.learner, attempt, culprit, question)
        _write_post_mortem(cast.learner, attempt, culprit)
    _wait_for_closing(cast.learner, attempt)
    _show_customers(cast.learner, attempt)
    say.export_text(clear=True)  # a picture begins here: what was judged, and how
    _show_hand_in_verdict(cast.learner, live)
    review = _review(cast, attempt)
    _result(cast.learner, attempt, review)
    say.print(f"\n[bold]Played in {time.monotonic() - began:.0f} s; everything was as it should be.[/bold] ({source})")


def _start(learner: Person) -> Json:
    chapter("1 · The brief, before the clock")
    twin = learner.get(f"twins/{TWIN}/")
    say.print(f"  {twin['title']}: {twin['situation']}")
    chapter("2 · Start")
    attempt = learner.start(TWIN)
    brief = attempt["brief"]
    expect("what is told of the incident is told with the start", holds=bool(brief and brief["opened_because"]))
    say.print(f"  {brief['company']} ({brief['trade']}), {moment(brief['opened_at'])} by the incident's own dates")
    say.print(f"  the page: {brief['opened_because']} You take over from {brief['taken_over_from']}.", markup=False)
    for stage in attempt["stages"]:
        say.print(f"  {stage['key']:<11} closes {moment(stage['closes_at'])}, {clock(attempt, stage['closes_at'])}")
    again = learner.post(f"twins/{TWIN}/start/", expect=409)
    say.print(f"  pressed again: {again['title']}")
    return attempt


def _update(learner: Person, attempt: Json, state: str, text: str, **more: str) -> None:
    path = f"attempts/{attempt['id']}/status-updates/"
    posted = learner.post(path, {"audience": "stakeholders", "state": state, "text": text, **more}, expect=201)
    say.print(f"  [italic]update, {state}[/italic]: {text} (receipt {posted['receipt']['number']})")


def _reproduce(learner: Person, attempt: Json, bench: Workbench) -> str:
    chapter("3 · Reproduce")
    _update(learner, attempt, "investigating", "Customers were told something that is not approved. Looking into it.")
    told = bench.told_wrong()
    expect("the traces hold what customers complain of", holds=bool(told))
    for each in told:
        said = _ask(learner, attempt, each.question)["question"]["reply"]["text"]
        if said == each.answer:
            say.print(f"  asked: {each.question}\n  it said: {said} As the customer was told.", markup=False)
            return each.question
    raise NotAsItShouldBe("No complaint can be reproduced on the deployed assistant.")


def _ask(learner: Person, attempt: Json, question: str) -> Json:
    asked = learner.post(f"attempts/{attempt['id']}/ask/", {"question": question}, expect=(200, 202))

    def answered() -> Json | None:
        seen = learner.get(f"attempts/{attempt['id']}/questions/{asked['question']['number']}/")
        return seen if seen["question"]["state"] != "waiting" else None

    return until("the answer", answered, seconds=60)


def _search(learner: Person, attempt: Json, bench: Workbench) -> tuple[Culprit, bool]:
    chapter("4 · Find the cause")
    passes, printed = bench.write_test()
    expect("the regression test fails on what is deployed", holds=not passes)
    culprit = bench.find_culprit()
    say.print(f"  first bad commit: {culprit.commit[:9]} by {culprit.author}: {culprit.subject}")
    say.print(f"  it changed: {', '.join(culprit.files)}")
    _update(
        learner,
        attempt,
        "identified",
        f"A change to the {culprit.component} is the cause. Fix in progress.",
        impact="Some customers were told numbers that no approved document gives for their product.",
    )
    return culprit, "test_approved_values_are_given" not in printed


def _diagnose(learner: Person, attempt: Json, culprit: Culprit, question: str, *, unknown: bool) -> None:
    chapter("5 · Diagnosis")
    listed = learner.get(f"twins/{TWIN}/")["cause_catalogue"]["causes"]
    titles = {each["key"]: each["title"] for each in listed}
    filed = learner.post(
        f"attempts/{attempt['id']}/diagnoses/",
        {
            "component": culprit.component,
            "failure_class": titles["H4" if unknown else "H1"],
            "explanation": f"Since {culprit.commit[:9]} ({culprit.subject}) the assistant gives numbers that no "
            "approved document states for the product asked about. The commit before it passes the regression test.",
            "repro": [question],
        },
        expect=201,
    )
    number = filed["diagnosis"]["number"]

    def checked() -> Json | None:
        seen = learner.get(f"attempts/{attempt['id']}/diagnoses/{number}/")["diagnosis"]
        return seen if seen["reproduces"] is not None else None

    expect(
        "the cause is named in the catalogue's words", holds=len(filed["diagnosis"]["read_as"]["failure_classes"]) == 1
    )
    seen = until("the check of the repro", checked, seconds=60)
    expect("the repro reproduces", holds=seen["reproduces"])
    say.print("  filed, and the repro reproduces on the failing assistant")


def _run(learner: Person, attempt: Json) -> Json:
    run = learner.post(f"attempts/{attempt['id']}/runs/", {"source": {"mode": "repo_url"}}, expect=202)

    def ended() -> Json | None:
        seen = learner.get(f"runs/{run['id']}/")
        return seen if seen["state"] in {"graded", "platform_fault"} else None

    return until("the verdict of the run", ended, seconds=120)


def _show_run(run: Json) -> None:
    table = table_of("cell", "wanted", "got", "result", title=f"run {run['number']}: {run['verdict']['name']}")
    for cell in run["cells"]:
        table.add_row(cell["kind"], cell["wanted"], cell["got"], cell["result"])
    say.print(table)
    say.print(f"  why: {run['verdict']['because']}")
    if run["verdict"]["name"] != "verified":
        say.print(f"  next: {run['verdict']['next']}")


def _fix_wrongly(learner: Person, attempt: Json, bench: Workbench, question: str) -> None:
    chapter("6 · A wrong fix: refuse the reported question")
    bench.block_the_question(question)
    bench.push()
    run = _run(learner, attempt)
    _show_run(run)
    expect("a fix of one question is not enough", holds=run["verdict"]["name"] == "fails_on_own_fix")


def _fix(learner: Person, attempt: Json, bench: Workbench, culprit: Culprit) -> None:
    chapter("7 · The right fix: revert the cause, keep the test")
    bench.undo(culprit)
    bench.push()
    run = _run(learner, attempt)
    _show_run(run)
    expect("the fix stands", holds=run["verdict"]["name"] == "verified")
    _deploy(learner, attempt, run)
    said = f"The fix is verified and goes live within a minute: {culprit.commit[:9]} is reverted, and a test guards it."
    _update(learner, attempt, "monitoring", said)  # nothing is resolved before customers have it


def _deploy(learner: Person, attempt: Json, run: Json) -> None:
    path = f"attempts/{attempt['id']}/deployments/"
    asked = learner.post(path, {"run": run["id"]}, expect=201)["deployment"]

    def tried() -> Json | None:
        seen: Json = learner.get(path)["results"][asked["number"]]
        return None if seen["state"] in {"waiting", "replaying"} else seen

    tried_as = until("the replay of customers' questions", tried, seconds=120)
    expect("the fix can be deployed", holds=tried_as["state"] in {"ready", "live"})
    say.print(f"  deployed as number {asked['number']}: customers get it from {moment(asked['goes_live_at'])}")


def _show_customers(learner: Person, attempt: Json) -> None:
    """What customers got from each version, minute by minute; the minute in which one went live is in both."""
    seen = learner.get(f"attempts/{attempt['id']}/telemetry/")
    table = table_of("minute", "asked", "right", "refused", "harmful", "complaints", title="what customers got")
    for minute in seen["minutes"]:
        names = ("asked", "correct", "refused", "harmful", "complaints")
        table.add_row(str(minute["minute"]), *(str(minute[name]) for name in names))
    say.print(table)
    expect("customers asked", holds=sum(minute["asked"] for minute in seen["minutes"]) > 0)
    fixed = [mark["live_from"] for mark in seen["deployed"] if mark["deployment"]]
    after_it = [minute for minute in seen["minutes"] if fixed and minute["begins_at"] >= fixed[0]]
    expect("nobody is harmed by the fix", holds=not any(minute["harmful"] for minute in after_it))


def _hand_in_live(learner: Person, attempt: Json, culprit: Culprit, question: str) -> Json:
    chapter("8 · Hand in")
    path = f"attempts/{attempt['id']}/stages/live/hand-in/"
    body: Json = {
        "deliverables": {
            "diagnosis": f"{culprit.component}: {culprit.subject} ({culprit.commit[:9]}). Minimal repro: {question}",
            "hotfix": {"mode": "repo_url"},
        },
        "self_checks": {"F1": "no", "F2": "yes"},
    }
    blocked = learner.post(path, body, expect=409)
    say.print(f"  with F1 = no: {blocked['detail']}")
    handed = learner.post(path, body | {"self_checks": {"F1": "yes", "F2": "yes"}}, expect=201)
    receipt = handed["receipt"]
    say.print(
        f"  receipt {receipt['number']}: received {moment(receipt['received_at'])}, "
        f"{after(receipt['time_left_seconds'])} left"
    )
    say.print(f"  sha256 {receipt['content_sha256']}")
    return handed


def _write_post_mortem(learner: Person, attempt: Json, culprit: Culprit) -> None:
    chapter("9 · Post-mortem")
    events = learner.get(f"attempts/{attempt['id']}/events/")["events"]
    timeline = "\n".join(f"* {event['at']} {event['kind']}" for event in events if "draft" not in event["kind"])
    text = (
        f"## Timeline\n{timeline}\n\n## Root cause\nThe change “{culprit.subject}” to the {culprit.component} passed "
        "tests that ask only about products without near-miss names or missing values.\n\n## Blast radius\nEach answer "
        "of the class since that deploy; the query is the regression test run over traces.jsonl.\n\n## Follow-ups\n"
        "* Prevent: require the regression test in the release gate. Owner: Release Lead. Due: 2026-12-04.\n"
        "* Detect: alert on answers without a citation. Owner: Monitoring Lead. Due: 2026-12-11.\n"
        "* Mitigate: make rollback one command. Owner: Platform Lead. Due: 2026-12-18.\n"
    )
    path = f"attempts/{attempt['id']}"
    saved = learner.put(f"{path}/drafts/postmortem/", {"content": text}, headers={"If-Match": '"0"'}, expect=201)
    say.print(f"  draft saved (receipt {saved['receipt']['number']})")
    handed = learner.post(
        f"{path}/stages/postmortem/hand-in/",
        {"deliverables": {"postmortem": text}, "self_checks": {"F3": "yes"}},
        expect=201,
    )
    say.print(f"  handed in (receipt {handed['receipt']['number']})")


def _wait_for_closing(learner: Person, attempt: Json) -> None:
    chapter("10 · The deadline, with nobody watching")

    def closed() -> Json | None:
        seen = learner.get(f"attempts/{attempt['id']}/")
        return seen if seen["state"] == "closed" else None

    last = attempt["stages"][-1]["closes_at"]
    seen = until("the closing of the attempt", closed, seconds=300)
    for stage in seen["stages"]:
        expect(f"{stage['key']} closed at its deadline", holds=stage["closed_at"] == stage["closes_at"])
        say.print(f"  {stage['key']:<11} {stage['state']}, closed at {moment(stage['closed_at'])}")
    expect("the last window was the one fixed at the start", holds=seen["stages"][-1]["closes_at"] == last)


def _show_hand_in_verdict(learner: Person, handed: Json) -> None:
    chapter("11 · The verdict on what was handed in")

    def ended() -> Json | None:
        seen = learner.get(f"runs/{handed['hand_in']['submission']['id']}/")
        return seen if seen["state"] in {"graded", "platform_fault"} else None

    run = until("the verdict", ended, seconds=600)
    _show_run(run)
    numbers = run["numbers"]
    say.print(
        f"  hidden: {numbers['mutants_killed']} of {numbers['mutants_total']} wrong fixes caught, "
        f"{numbers['alternatives_passed']} of {numbers['alternatives_total']} other right fixes accepted"
    )
    for when in ("before", "after"):
        sums = numbers[when]
        say.print(f"  {when:<6} hallucinated {sums['harmful']} of {sums['total']}, answered {sums['answered']}")
    expect("the verdict is verified", holds=run["verdict"]["name"] == "verified")


def _review(cast: Cast, attempt: Json) -> Json:
    chapter("12 · Review")
    mentor = cast.mentor

    def waiting() -> Json | None:
        rows = mentor.get("reviews/?state=open&page_size=200")["results"]
        return next(({"tried": row} for row in rows if row["twin"] == TWIN and _claim(row)), None)

    def _claim(row: Json) -> bool:
        claimed.update(mentor.post(f"reviews/{row['id']}/claim/"))
        if claimed["attempt"] == attempt["id"]:
            return True
        mentor.post(f"reviews/{row['id']}/release/", {"reason": "left from an earlier demonstration"})
        return False

    claimed: Json = {}
    until("the review", waiting, seconds=120)
    path = f"reviews/{claimed['id']}"
    late = cast.other_mentor.post(f"{path}/claim/", expect=409)
    say.print(f"  claimed, due {moment(claimed['due_at'])}\n  a second mentor is told: {late['detail']}")
    _show_evidence(mentor.get(f"{path}/evidence/")["evidence"])
    refused = mentor.put(f"{path}/scores/communication/", {"score": "0.07", "comment": "?"}, expect=400)
    say.print(f"  a score of 0.07 is refused: {refused['detail']}")
    for dimension, score in SCORES.items():
        cited = [{"kind": "event", "ref": "1"}]
        mentor.put(f"{path}/scores/{dimension}/", {"score": score, "comment": "See the evidence.", "evidence": cited})
    over = [{"skill": "llm.ops.incident-response", "weight": "1.05"}]
    say.print(f"  a skill at 1.05 is refused: {mentor.put(f'{path}/assertions/', over, expect=400)['detail']}")
    skills = [
        {"skill": "llm.safety.hallucination-mitigation", "weight": "0.90"},
        {"skill": "llm.ops.incident-response", "weight": "0.85"},
    ]
    mentor.put(f"{path}/assertions/", skills)
    asked = mentor.post(f"{path}/sign-off/", {"confirm": False}, expect=409)
    say.print(f"  before signing: {asked['detail']}")
    return mentor.post(f"{path}/sign-off/", {"confirm": True, "read_force_reason": True})


def _show_evidence(evidence: Json) -> None:
    say.print("  the mentor's evidence begins:")
    for name in ("first_update", "first_repro", "confirmed_diagnosis", "first_fix", "hand_in_live"):
        found = evidence["times"][name]
        expect(f"the evidence has the time of {name}", holds=found is not None)
        say.print(f"    {name.replace('_', ' '):<20} {after(found['seconds_after_start'])} after the start")
    silence = evidence["updates"]["longest_silence"]
    say.print(f"    {'longest silence':<20} {after(silence['seconds'])}")
    for check in evidence["self_checks"]:
        say.print(f"    {check['key']} claimed {check['claimed']}, observed: {check['detail']}")


def _result(learner: Person, attempt: Json, review: Json) -> None:
    chapter("13 · Result")
    result = learner.get(f"attempts/{attempt['id']}/result/")
    table = table_of("dimension", "weight", "score")
    for row in result["scores"]:
        table.add_row(row["dimension"].replace("_", " "), f"{float(row['weight']):.0%}", row["score"])
    say.print(table)
    say.print(
        f"  overall {result['overall']}, {result['threshold']} needed: {'passed' if result['passed'] else 'failed'}; "
        f"attempt {result['best_attempt_number']} stands"
    )
    for skill, weight in result["skills"].items():
        say.print(f"  attested: {skill} {weight}")
    expect("the overall is exact", holds=result["overall"] == _overall())
    expect("the learner passed", holds=result["passed"])
    expect("the hash is the one that was signed", holds=result["sha256"] == review["sha256"])
    receipts = learner.get(f"attempts/{attempt['id']}/receipts/")["receipts"]
    say.print(f"  {len(receipts)} receipts kept; the signed review is {result['sha256'][:16]}… in the ledger")


def _overall() -> str:
    weights = {"diagnosis_speed": 20, "hotfix_correctness": 25, "regression_safety": 20, "postmortem_quality": 20}
    hundredths = sum(weights.get(key, 15) * int(score.replace(".", "")) for key, score in SCORES.items())
    return f"{hundredths / 10_000:.6f}".rstrip("0")
