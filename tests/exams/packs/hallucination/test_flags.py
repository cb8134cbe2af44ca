"""What was switched by hand: every incident has something to suspect, and nothing that changes an answer."""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from _pytest.mark.structures import ParameterSet

from exams.packs import Spec
from exams.packs.hallucination import PACK, flags, history
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import Incident, incident
from sandboxes.ingest.tree import Tree

LINE = re.compile(r"(?P<name>\S+) (?P<old>\S+) -> (?P<new>\S+) by (?P<who>[^(]+?)(?: \((?P<why>.+)\))?")
CONFIG = {f"{section}.{key}" for section, key in (*flags.SETTINGS, *flags.LEFT)}
ONSET = datetime(2026, 3, 4, 11, 30, tzinfo=UTC)


def _param(key: str) -> ParameterSet:
    return pytest.param(Spec(key, 1), id=f"{key}-1", marks=pytest.mark.xdist_group(f"{key}-1"))


def read(drawn: Incident) -> list[tuple[datetime, dict[str, str]]]:
    found = []
    for at, line in flags.log(drawn):
        matched = LINE.fullmatch(line)
        assert matched, line
        found.append((at, matched.groupdict()))
    return found


def made_up(seed: int) -> Incident:
    """As much of an incident as the log is drawn from: its fault went live at the onset, or in the morning."""
    tree = Tree({"config.toml": b"[cache]\nentries = 256\n[generation]\nmax_tokens = 40\nseed = 0\n"})
    release = SimpleNamespace(deployed_at=ONSET - timedelta(days=9), tree=tree)
    return cast(
        "Incident",
        SimpleNamespace(
            random=lambda purpose: random.Random(f"{purpose}/{seed}"),  # noqa: S311 - a seeded drawing
            onset_at=ONSET,
            deployed_at=ONSET - timedelta(hours=3) * (seed % 2),
            opened_at=ONSET + timedelta(hours=2, minutes=40),
            fault=SimpleNamespace(edits=(), earlier=None),
            people=[SimpleNamespace(name=name) for name in ("On Call", "Ada May", "Ben Low", "Cleo Day")],
            past=SimpleNamespace(releases=(release,)),
        ),
    )


@pytest.mark.parametrize("spec", [_param(key) for key in CLASSES])
def test_the_log_of_every_class_is_true_of_its_releases_and_has_a_suspect(spec: Spec) -> None:
    drawn = incident(spec)
    check(drawn)
    written = PACK.base(spec).files["ops/flags.log"].decode().splitlines()
    assert [line.split(" ", 1)[1] for line in written] == [line for _, line in flags.log(drawn)]
    for at, each in read(drawn):
        if each["name"] in CONFIG:
            section, key = each["name"].split(".")
            live = history.live(drawn.past.releases, at).tree
            usual = tomllib.loads(live.files["config.toml"].decode())[section][key]
            assert str(usual) in {each["old"], each["new"]}


@pytest.mark.parametrize("seed", range(60))
def test_the_log_of_every_seed_has_a_suspect(seed: int) -> None:
    check(made_up(seed))


def check(drawn: Incident) -> None:
    lines = read(drawn)
    assert [at for at, _ in lines] == sorted(at for at, _ in lines)
    assert lines[-1][0] < drawn.opened_at
    assert not any(each["who"] == drawn.people[0].name for _, each in lines)
    near = [at for at, _ in lines if timedelta(0) < drawn.onset_at - at < timedelta(minutes=26)]
    assert near
    by_name: dict[str, list[tuple[datetime, dict[str, str]]]] = {}
    for at, each in lines:
        by_name.setdefault(each["name"], []).append((at, each))
    for name, changes in by_name.items():
        assert len(changes) <= 2
        assert all(each["old"] != each["new"] for _, each in changes)
        if len(changes) == 2:
            (_, first), (_, second) = changes
            assert first["new"] == second["old"]
        if name in CONFIG and len(changes) == 2:
            assert changes[-1][0] < min(drawn.deployed_at, drawn.onset_at)
        elif name in CONFIG:
            [(at, _)] = changes
            assert timedelta(0) < drawn.onset_at - at < timedelta(minutes=26)
            section, key = name.split(".")
            values = [tomllib.loads(one.tree.files["config.toml"].decode()) for one in drawn.past.releases]
            assert len({one[section][key] for one in values}) == 1  # nothing that git says hangs on it
            text = "".join(f"{edit.path} {edit.new}" for edit in drawn.fault.edits)
            assert not any(word in text for word in flags.LEFT[section, key])
    assert any(len(changes) == 1 for changes in by_name.values())


def test_some_are_left_some_taken_back_by_somebody_after_the_onset_and_some_say_why() -> None:
    seeds = 300
    counted: Counter[str] = Counter()
    for seed in range(seeds):
        lines = read(made_up(seed))
        counted["lines"] += len(lines)
        counted["with a reason"] += sum(bool(each["why"]) for _, each in lines)
        again = [
            each for name in {e["name"] for _, e in lines} for each in [[x for x in lines if x[1]["name"] == name]]
        ]
        counted["left"] += any(
            len(each) == 1 and "." in each[0][1]["name"] and each[0][1]["name"] not in CONFIG for each in again
        )
        late = [each for each in again if len(each) == 2 and each[0][0] < ONSET < each[1][0]]
        counted["back after the onset"] += bool(late)
        counted["by somebody else"] += any(one[1]["who"] != two[1]["who"] for one, two in late)
        counted["of the assistant, left"] += any(
            len(each) == 1 and each[0][1]["name"] in CONFIG and each[0][0] < ONSET for each in again
        )
        counted["config"] += any(e["name"] in CONFIG for _, e in lines)
    assert 5 <= counted["lines"] / seeds <= 12
    assert 0.3 <= counted["with a reason"] / counted["lines"] <= 0.6
    for what in ("left", "back after the onset", "by somebody else", "config", "of the assistant, left"):
        assert 0.15 <= counted[what] / seeds <= 0.97, what
    assert counted["of the assistant, left"] > 0.4 * seeds


def test_nothing_in_the_log_is_a_setting_that_git_holds_otherwise() -> None:
    assert not {name.split(".")[0] for name in flags.AROUND} & {"service", "knowledge", "retrieval", "prompt"}
    assert not flags.AROUND.keys() & CONFIG
    assert len(set(flags.SWITCHES)) + len(flags.AROUND) + len(CONFIG) >= 30
