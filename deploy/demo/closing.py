"""What follows the live window: chapters 9 to 11, the post-mortem, the deadline and the verdict on the hand-in."""

from deploy.demo.api import Json, Person, until
from deploy.demo.telling import chapter, expect, moment, patience, say, show_run, table_of
from deploy.demo.workbench import Culprit


def write_post_mortem(learner: Person, attempt: Json, culprit: Culprit) -> None:
    """Save a draft of it, then hand it in."""
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


def wait_for_closing(learner: Person, attempt: Json) -> None:
    """Every window closes at its deadline, whether or not anybody looks."""
    chapter("10 · The deadline, with nobody watching")

    def closed() -> Json | None:
        seen = learner.get(f"attempts/{attempt['id']}/")
        return seen if seen["state"] == "closed" else None

    last = attempt["stages"][-1]["closes_at"]
    seen = until("the closing of the attempt", closed, seconds=300, tell=patience())
    for stage in seen["stages"]:
        expect(f"{stage['key']} closed at its deadline", holds=stage["closed_at"] == stage["closes_at"])
        say.print(f"  {stage['key']:<11} {stage['state']}, closed at {moment(stage['closed_at'])}")
    expect("the last window was the one fixed at the start", holds=seen["stages"][-1]["closes_at"] == last)


def show_customers(learner: Person, attempt: Json) -> None:
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


def show_verdict(learner: Person, handed: Json) -> None:
    """What the hidden checks say of the hand-in, now that its window has closed."""
    chapter("11 · The verdict on what was handed in")

    def ended() -> Json | None:
        seen = learner.get(f"runs/{handed['hand_in']['submission']['id']}/")
        return seen if seen["state"] in {"graded", "platform_fault"} else None

    run = until("the verdict", ended, seconds=600, tell=patience())
    show_run(run)
    numbers = run["numbers"]
    say.print(
        f"  hidden: {numbers['mutants_killed']} of {numbers['mutants_total']} wrong fixes caught, "
        f"{numbers['alternatives_passed']} of {numbers['alternatives_total']} other right fixes accepted"
    )
    for when in ("before", "after"):
        sums = numbers[when]
        say.print(f"  {when:<6} hallucinated {sums['harmful']} of {sums['total']}, answered {sums['answered']}")
    expect("the verdict is verified", holds=run["verdict"]["name"] == "verified")
