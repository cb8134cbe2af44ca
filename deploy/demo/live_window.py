"""The live window as the demonstration's learner sits it: chapters 1 to 8, from the brief to the hand-in."""

from dataclasses import dataclass
from pathlib import Path

from deploy.demo.api import Json, NotAsItShouldBe, Person, until
from deploy.demo.telling import after, chapter, clock, expect, moment, patience, say, show_run
from deploy.demo.workbench import Culprit, Workbench

TWIN = "demo-incident"


@dataclass(frozen=True)
class Sat:
    """What the live window leaves: the attempt as it was started, the cause that was found, the hand-in."""

    attempt: Json
    culprit: Culprit
    handed_in: Json


def sit(learner: Person, *, folder: Path) -> Sat:
    """Read the brief, start, reproduce, find, diagnose, fix wrongly, fix, deploy, hand in.

    Raises:
        NotAsItShouldBe: something was not as it should be.
    """
    attempt = _start(learner)
    bench = Workbench(folder / "assistant", attempt["repository"])
    say.print(f"  cloned {attempt['repository']['clone_url']}: {bench.commits()} commits")
    question = _reproduce(learner, attempt, bench)
    culprit, unknown = _search(learner, attempt, bench)
    _diagnose(learner, attempt, culprit, question, unknown=unknown)
    _fix_wrongly(learner, attempt, bench, question)
    _fix(learner, attempt, bench, culprit)
    return Sat(attempt, culprit, _hand_in(learner, attempt, culprit, question))


def _start(learner: Person) -> Json:
    chapter("1 · The brief, before the clock")
    twin = learner.get(f"twins/{TWIN}/")
    say.print(f"  {twin['title']}: {twin['situation']}")
    chapter("2 · Start")
    attempt = learner.start(TWIN, tell=patience("the incident is being drawn… (no clock runs until it is ready)"))
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

    return until("the answer", answered, seconds=60, tell=patience())


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
    seen = until("the check of the repro", checked, seconds=60, tell=patience())
    expect("the repro reproduces", holds=seen["reproduces"])
    say.print("  filed, and the repro reproduces on the failing assistant")


def _run(learner: Person, attempt: Json) -> Json:
    run = learner.post(f"attempts/{attempt['id']}/runs/", {"source": {"mode": "repo_url"}}, expect=202)

    def ended() -> Json | None:
        seen = learner.get(f"runs/{run['id']}/")
        return seen if seen["state"] in {"graded", "platform_fault"} else None

    return until("the verdict of the run", ended, seconds=120, tell=patience())


def _fix_wrongly(learner: Person, attempt: Json, bench: Workbench, question: str) -> None:
    chapter("6 · A wrong fix: refuse the reported question")
    bench.block_the_question(question)
    bench.push()
    run = _run(learner, attempt)
    show_run(run)
    expect("a fix of one question is not enough", holds=run["verdict"]["name"] == "fails_on_own_fix")


def _fix(learner: Person, attempt: Json, bench: Workbench, culprit: Culprit) -> None:
    chapter("7 · The right fix: revert the cause, keep the test")
    bench.undo(culprit)
    bench.push()
    run = _run(learner, attempt)
    show_run(run)
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

    tried_as = until("the replay of customers' questions", tried, seconds=120, tell=patience())
    expect("the fix can be deployed", holds=tried_as["state"] in {"ready", "live"})
    say.print(f"  deployed as number {asked['number']}: customers get it from {moment(asked['goes_live_at'])}")


def _hand_in(learner: Person, attempt: Json, culprit: Culprit, question: str) -> Json:
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
