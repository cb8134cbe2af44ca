"""The twin format: it says all five twins, and names every fault with file and line."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from exams import twins
from exams.clock import Moment, schedule
from exams.twins import amounts
from exams.twins.lines import locate, nearest
from tests.attempts import NOON

HERE = Path(__file__).parent / "twins"
OTHERS = ["telco-postmortem", "quiet-failure-capstone", "fairness-launch-call", "hiring-audit"]


def _twin(slug: str) -> twins.Twin:
    return twins.Twin.from_json(twins.read(HERE / slug))


# --- All five can be said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", OTHERS)
def test_the_format_says_the_other_four_twins(slug: str) -> None:
    assert twins.check(HERE / slug) == []
    twin = _twin(slug)
    assert twin.slug == slug
    assert sum(dimension.weight_bp for dimension in twin.rubric.dimensions) == 10_000


@pytest.mark.parametrize("slug", twins.slugs())
def test_our_own_twins_have_no_fault(slug: str) -> None:
    assert twins.check(twins.CONTENT / slug) == []


def test_the_live_incident_is_complete_to_the_last_number() -> None:
    twin = twins.load("jt-incident-4")
    live, postmortem = schedule(twin.plans, NOON)
    assert live.closes_at - NOON == timedelta(minutes=90)
    assert postmortem.closes_at - live.closes_at == timedelta(hours=4)
    assert postmortem.opens_at == NOON
    assert twin.submission_modes == ("repo_url", "file_upload")
    assert {each.key: each.weight_bp for each in twin.rubric.dimensions} == {
        "diagnosis_speed": 2_000,
        "hotfix_correctness": 2_500,
        "regression_safety": 2_000,
        "postmortem_quality": 2_000,
        "communication": 1_500,
    }
    assert twin.rubric.threshold_bp == 6_500
    assert {each.key: each.critical for each in twin.self_checks} == {"F1": True, "F2": False, "F3": False}
    assert [each.key for each in twin.self_checks_of("live")] == ["F1", "F2"]
    assert {each.key: each.ceiling_twentieths for each in twin.skills} == {
        "llm.safety.hallucination-mitigation": 20,
        "llm.ops.incident-response": 20,
    }
    assert twin.review_hours == 48
    assert twin.attempts_allowed == 2
    assert [each.key for each in twin.deliverables] == ["diagnosis", "hotfix", "postmortem"]
    assert all(set(each.anchors) == {"0", "0.25", "0.5", "0.75", "1"} for each in twin.rubric.dimensions)


def test_the_brief_states_the_numbers_of_the_definition() -> None:
    twin = twins.load("jt-incident-4")
    for number in ("90 minutes", "4 hours", "16 MiB", "64 MiB", "4 000 files", "65 %", "48 hours", "up to 60"):
        assert f"**{number}**" in twin.brief_markdown or number in twin.brief_markdown, number
    assert twin.limits.upload_bytes == 16 * 1024 * 1024
    assert twin.limits.runs == 60
    for promise in ("`ask`", "`facts`", "tests/regression/", "different containers", "by an assertion"):
        assert promise in twin.brief_markdown
    for dimension in twin.rubric.dimensions:
        assert f"| {dimension.title} | {dimension.weight_bp // 100} % |" in twin.brief_markdown


def test_the_demo_twin_is_the_live_incident_with_shorter_windows() -> None:
    real, demo = twins.load("jt-incident-4"), twins.load("demo-incident")
    live, postmortem = schedule(demo.plans, NOON)
    assert live.closes_at - NOON == timedelta(seconds=180)
    assert postmortem.closes_at - live.closes_at == timedelta(seconds=45)
    assert demo.demo
    assert not real.demo
    same = {"rubric", "skills", "self_checks", "deliverables", "pack", "submission_modes", "limits", "brief_markdown"}
    assert all(getattr(demo, name) == getattr(real, name) for name in same)


def test_a_presentation_has_a_timer_of_its_own_and_hangs_on_the_writing() -> None:
    twin = _twin("telco-postmortem")
    assert twin.stage("readout").opens == Moment("writing.closes")
    slot = twin.stage("readout").slot
    assert slot is not None
    assert (slot.lasts, slot.questions) == (timedelta(minutes=25), timedelta(minutes=10))
    actions = next(each for each in twin.deliverables if each.key == "actions")
    assert (actions.items, actions.each_item_has) == (3, ("owner", "due date", "expected impact"))


def test_answers_have_tolerances_and_documents_pages() -> None:
    capstone = _twin("quiet-failure-capstone")
    assert schedule(capstone.plans, NOON)[0].closes_at - NOON == timedelta(weeks=3)
    figures = next(each for each in capstone.deliverables if each.kind == "answers")
    assert figures.answers[0].tolerance == 1.5
    assert figures.answers[1].tolerance_percent == 1_000
    assert next(each for each in capstone.deliverables if each.key == "postmortem").max_pages == 3
    assert capstone.credential.anchored


def test_coworkers_have_agendas_that_are_hidden_and_tools_that_are_seeded() -> None:
    twin = _twin("fairness-launch-call")
    assert [each.name for each in twin.coworkers] == ["Dr. Okafor", "Blake", "Sunita", "Reggie"]
    assert all(each.agenda.startswith("hidden/") for each in twin.coworkers)
    assert [each.kind for each in twin.workspace] == ["code", "kanban", "wiki", "chat"]
    assert twin.price.credits == 29


# --- Every fault by file and line ------------------------------------------------------------------------------------

FAULTS = [
    (
        'weight = "20 %"\ntests = "Time',
        'weight = "19 %"\ntests = "Time',
        "the weights sum to 99 %; they must sum to 100 %",
    ),
    ('weight = "25 %"', 'weight = "25.555 %"', "'25.555 %' is not a percentage"),
    ('threshold = "65 %"', 'threshold = "165 %"', "'165 %' is not a percentage"),
    ('ceiling = "1.00"', 'ceiling = "1.05"', "1.05 is outside 0 to 1"),
    ('ceiling = "1.00"', 'ceiling = "0.07"', "0.07 is not a multiple of 0.05; the nearest are 0.05 and 0.10"),
    ('ceiling = "1.00"', "ceiling = 0", "a ceiling of 0 asserts nothing"),
    ('"0.25" = "The right component', '"0.3333" = "The right component', "the anchor 0.3333 is not a multiple of 0.05"),
    ("reattempts = 1 ", "reatempts = 1 ", "'reatempts' is not a key of this table; did you mean 'reattempts'?"),
    ("status_updates = true", "status_update = true", "did you mean 'status_updates'?"),
    ('kind = "code"', 'kind = "coed"', "'coed' is not one of"),
    ('closes = "start + 90 min"', 'closes = "start + 90 minuets"', "is not a length of time"),
    ('closes = "start + 90 min"', 'closes = "in 90 min"', "is not a moment"),
    ('closes = "start + 90 min"', 'closes = "start + 30 s"', "a window shorter than a minute is for demo twins"),
    ('closes = "live.closes + 4 h"', 'closes = "life.closes + 4 h"', "'life.closes' is neither the start nor an edge"),
    ('closes = "live.closes + 4 h"', 'closes = "postmortem.closes + 4 h"', "hangs on itself"),
    (
        'stage = "live"\nkind = "code"',
        'stage = "life"\nkind = "code"',
        "there is no stage 'life'; did you mean 'live'?",
    ),
    ('key = "F2"', 'key = "F1"', "the key 'F1' was used before in self_checks"),
    ('key = "F2"', 'key = "second"', "does not have the form"),
    ('key = "communication"', 'key = "diagnosis_speed"', "the key 'diagnosis_speed' was used before"),
    ('brief = "brief.md"', 'brief = "visible/brief.md"', "there is no file visible/brief.md"),
    ('brief = "brief.md"', 'brief = "hidden/brief.md"', "does not have the form"),
    ('brief = "brief.md"', 'cover = "hidden/cover.svg"', "does not have the form"),
    ('pack = "exams.packs.hallucination"', 'pack = "exams.packs.nowhere"', "there is no incident pack"),
    (
        'pack = "exams.packs.hallucination"',
        'pack = "exams.packs.hallucination"\nfailure_classes = ["H1", "H99"]',
        "exams.packs.hallucination has no failure class 'H99'",
    ),
    (
        'pack = "exams.packs.hallucination"',
        'pack = "exams.packs.hallucination"\nfailure_classes = ["H1", "H1"]',
        "a failure class stands here twice",
    ),
    ('slug = "jt-incident-4"', 'slug = "jt-incident-5"', "the slug is 'jt-incident-5' but the folder is"),
    ('nudges = ["24 h", "40 h"]', 'nudges = ["40 h", "24 h"]', "nudges come one after the other"),
    ('nudges = ["24 h", "40 h"]', 'nudges = ["48 h"]', "all before the SLA ends"),
    ('level = "advanced"', "level = 3", "is not one of"),
    ('title = "Hotfix"', "", "'title' is missing"),
    ("upload_bytes = 16777216", "upload_bytes = 99999999", "less than or equal to"),
    ('sla = "48 h"', "sla = 48", "this is text between quotes, with a unit"),
    (
        'submission_modes = ["repo_url", "file_upload"]',
        'submission_modes = ["repo_url", "repo_url"]',
        "stands here twice",
    ),
    ('when = ["diagnosis.filed < 1"]', 'when = ["diagnosis.filed"]', "is a number; compare it"),
    ('when = ["diagnosis.filed < 1"]', 'when = ["diagnosis.field < 1"]', "there is no figure 'diagnosis.field'"),
    ('when = ["hotfix.f >= 0.55"]', 'when = ["hotfix.f >= 55"]', "write hotfix.f >= 55 %"),
    ('score = "0.5"\nwhen = ["hotfix.f >= 0.55"]', 'score = "0.25"\nwhen = ["hotfix.f >= 0.3"]', "stands here twice"),
    ("format = 1", "format = 2", "is not one of 1"),
    ("[price]", "[price", "this is not TOML"),
    ('pace = "live"', 'pace = "live"\npace = "live"', "this is not TOML"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the live incident to break."""
    return Path(shutil.copytree(twins.CONTENT / "jt-incident-4", tmp_path / "jt-incident-4"))


@pytest.mark.parametrize(("before", "after", "says"), FAULTS, ids=[says[:50] for _, _, says in FAULTS])
def test_each_fault_is_named_with_its_file_and_line(copy: Path, before: str, after: str, says: str) -> None:
    file = copy / "twin.toml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    faults = twins.check(copy)
    (fault,) = [fault for fault in faults if says in fault.message]
    assert fault.file.endswith("twin.toml")
    changed = text[: text.index(before)].count("\n") + 1
    table = text[: text.index(before)].rfind("\n[[") if "missing" in says else -1
    expected = {changed, changed + before.count("\n")} | ({text[: table + 1].count("\n") + 1} if table > 0 else set())
    # A sum belongs to all of its parts and is shown at the first; a key given twice, where it stands again.
    if "sum to" in says:
        expected = {text[: text.index("[[rubric.dimensions]]")].count("\n") + 1}
    if after.count("\n") > before.count("\n"):
        expected = {changed + 1}
    if says.startswith("hangs on"):
        expected = {changed}
    assert fault.line in expected, fault


def test_many_faults_are_named_at_once(copy: Path) -> None:
    file = copy / "twin.toml"
    text = file.read_text()
    for before, after in [
        ('level = "advanced"', 'level = "hard"'),
        ('ceiling = "1.00"', 'ceiling = "2"'),
        ('closes = "start + 90 min"', 'closes = "soon"'),
    ]:
        text = text.replace(before, after, 1)
    file.write_text(text)
    assert len(twins.check(copy)) == 3


def test_a_list_whose_entry_has_a_fault_is_not_called_too_short(copy: Path) -> None:
    file = copy / "twin.toml"
    said = re.sub(r'closes = "[^"]+"', 'closes = "start + 2 hrs"', file.read_text(encoding="utf-8"))
    file.write_text(said.replace(f'slug = "{copy.name}"', 'slug = "Up_Down"'), encoding="utf-8")
    messages = [fault.message for fault in twins.check(copy)]
    assert any("'2 hrs' is not a length of time" in each for each in messages)
    assert any(each.startswith("slug: 'Up_Down' does not have the form ^[a-z]") for each in messages)
    assert not any("at least 1 item" in each for each in messages)


def test_files_outside_visible_and_hidden_are_faults(copy: Path) -> None:
    (copy / "notes.md").write_text("draft")
    (copy / "hidden").mkdir()
    (copy / "hidden" / "solution.md").write_text("the answer")
    (copy / "visible").mkdir()
    (copy / "visible" / "link.md").symlink_to(copy / "hidden" / "solution.md")
    messages = [str(fault) for fault in twins.check(copy)]
    assert any("notes.md:1: move it to visible/" in message for message in messages)
    assert any("link.md:1: a link" in message for message in messages)
    assert len(messages) == 2


def test_a_brief_that_names_hidden_files_is_a_fault_at_its_line(copy: Path) -> None:
    brief = copy / "brief.md"
    brief.write_text("# Brief\n\nSee hidden/solution.md\n")
    (fault,) = twins.check(copy)
    assert (Path(fault.file).name, fault.line) == ("brief.md", 3)


def test_a_child_twin_is_told_where_the_fault_is_whichever_file_says_it(tmp_path: Path) -> None:
    for slug in ("jt-incident-4", "demo-incident"):
        shutil.copytree(twins.CONTENT / slug, tmp_path / slug)
    child = tmp_path / "demo-incident" / "twin.toml"
    child.write_text(child.read_text().replace("start + 180 s", "start + 180 x"))
    (fault,) = twins.check(child.parent)
    assert fault.file == str(child)
    assert "180 x" in child.read_text().splitlines()[fault.line - 1]
    child.write_text(child.read_text().replace("start + 180 x", "start + 30 s").replace("demo = true\n", ""))
    (fault,) = twins.check(child.parent)
    assert "for demo twins" in fault.message
    assert "30 s" in child.read_text().splitlines()[fault.line - 1]
    mother = tmp_path / "jt-incident-4" / "twin.toml"
    mother.write_text(mother.read_text().replace('level = "advanced"', 'level = "hard"'))
    (fault,) = twins.check(child.parent)
    assert fault.file == str(mother)
    assert "hard" in mother.read_text().splitlines()[fault.line - 1]


def test_a_twin_that_extends_itself_or_nothing_is_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "round"
    folder.mkdir()
    (folder / "twin.toml").write_text('format = 1\nextends = "round"\n')
    (fault,) = twins.check(folder)
    assert "extends" in fault.message
    assert fault.line == 2
    (folder / "twin.toml").write_text('extends = "nobody"\n')
    (fault,) = twins.check(folder)
    assert "there is no such file" in fault.message


def test_a_folder_without_a_twin_says_so(tmp_path: Path) -> None:
    (fault,) = twins.check(tmp_path)
    assert "there is no such file" in fault.message
    with pytest.raises(twins.NotATwin):
        twins.read(tmp_path)


def test_the_command_prints_faults_and_tells_by_its_exit_status(copy: Path) -> None:
    out = StringIO()
    call_command("check_twin", "jt-incident-4", str(HERE / "hiring-audit"), stdout=out, stderr=StringIO())
    assert out.getvalue() == ""
    file = copy / "twin.toml"
    file.write_text(file.read_text().replace('level = "advanced"', 'level = "hard"'))
    with pytest.raises(SystemExit) as exited:
        call_command("check_twin", str(copy), stdout=out, stderr=StringIO())
    assert exited.value.code == 1
    assert re.fullmatch(r".*twin\.toml:\d+: level: 'hard' is not one of .*\n", out.getvalue())


def test_a_mistyped_slug_is_told_what_was_meant() -> None:
    with pytest.raises(CommandError, match=r"'jt-incidnt-4' is neither .* did you mean 'jt-incident-4'"):
        call_command("check_twin", "jt-incidnt-4", stdout=StringIO(), stderr=StringIO())


# --- The small notations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90 min", timedelta(minutes=90)),
        ("1 minute", timedelta(minutes=1)),
        ("2 minutes", timedelta(minutes=2)),
        ("4 h", timedelta(hours=4)),
        ("3 hours", timedelta(hours=3)),
        ("3 weeks", timedelta(weeks=3)),
        ("2 days", timedelta(days=2)),
        ("45 s", timedelta(seconds=45)),
        ("1 second", timedelta(seconds=1)),
    ],
)
def test_lengths(text: str, length: timedelta) -> None:
    assert amounts.length(text) == length


@pytest.mark.parametrize("text", ["", "90", "90min", "-1 h", "1.5 h", "1 fortnight", "0 min", "1e3 s", "٣ h"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|no time at all"):
        amounts.length(text)


@given(points=st.integers(min_value=0, max_value=10_000))
def test_every_basis_point_can_be_written_as_a_percentage(points: int) -> None:
    assert amounts.percent(f"{points // 100}.{points % 100:02} %") == points


@given(steps=st.integers(min_value=0, max_value=20))
def test_every_step_can_be_written_with_two_decimals(steps: int) -> None:
    assert amounts.twentieths(f"{steps / 20:.2f}") == steps
    assert amounts.twentieths(steps / 20) == steps


def test_lines_of_tables_arrays_and_values_over_several_lines() -> None:
    text = (
        'a = 1\nb = [\n  1,\n  2,\n]\n"c d" = """\n[not.a.table]\n"""\n'
        "[[e]]\nk = 1\n[[e]]\nk = 2\n[e.f]\ng.h = 3\n[[e.i]]\nj = 4\n"
    )
    found = locate(text)
    assert found["a",] == 1
    assert found["b",] == 2
    assert found["c d",] == 6
    assert found["e", 0, "k"] == 10
    assert found["e", 1, "k"] == 12
    assert found["e", 1, "f", "g", "h"] == 14
    assert found["e", 1, "i", 0, "j"] == 16
    assert ("not", "a", "table") not in found
    assert nearest(found, ("b", 1)) == 2
    assert nearest(found, ("nowhere",)) == 1
