"""The mentor's side and the learner's result: chapters 12 and 13."""

from dataclasses import dataclass

from deploy.demo.api import Json, Person, until
from deploy.demo.live_window import TWIN
from deploy.demo.telling import after, chapter, expect, moment, patience, say, table_of

SCORES = {
    "diagnosis_speed": "1.00",
    "hotfix_correctness": "0.95",
    "regression_safety": "0.90",
    "postmortem_quality": "0.75",
    "communication": "0.80",
}


@dataclass(frozen=True)
class Cast:
    """Who plays."""

    learner: Person
    mentor: Person
    other_mentor: Person


def review(cast: Cast, attempt: Json) -> Json:
    """Claim, look at the evidence, score, attest and sign; what is not allowed is tried and refused."""
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
    until("the review", waiting, seconds=120, tell=patience())
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


def show_result(learner: Person, attempt: Json, review: Json) -> None:
    """What the learner is told, which is what was signed."""
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
