"""The assistant that learners are handed: self-contained, quick to import, its own tests green."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import PACK, build, replay, text
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import incident
from exams.packs.hallucination.innocents import INNOCENTS
from sandboxes.limits import Limits

if TYPE_CHECKING:
    from sandboxes.ingest.tree import Tree

pytestmark = pytest.mark.xdist_group("H1-1")  # the incident is drawn once, for these tests and those of the pack

IN_THE_SANDBOX = sys.stdlib_module_names | {"numpy", "pytest", "assistant", "small"}


def unpack(tree: Tree, folder: Path) -> Path:
    for path, content in tree.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def spec() -> Spec:
    return Spec("H1", 1)


def test_every_import_is_there_in_the_sandbox(spec: Spec) -> None:
    strangers = set()
    files = PACK.base(spec).files
    for path, content in files.items():
        if not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.Import):
                strangers |= {alias.name.partition(".")[0] for alias in node.names} - IN_THE_SANDBOX
            elif isinstance(node, ast.ImportFrom) and not node.level:
                strangers |= {(node.module or "").partition(".")[0]} - IN_THE_SANDBOX
    strangers -= {Path(path).stem for path in files if path.startswith("tests/")}  # pytest finds a test's neighbours
    assert not strangers


@pytest.mark.parametrize(("asked", "ends_with"), [(400, 0), (401, 1)])
def test_regression_tests_may_ask_as_much_here_as_in_grading(
    spec: Spec, tmp_path: Path, asked: int, ends_with: int
) -> None:
    root = unpack(PACK.base(spec), tmp_path)
    (root / "tests/regression").mkdir(exist_ok=True)
    many = f"def test_many(ask):\n    for number in range({asked}):\n        ask(f'nothing {{number}}')\n"
    (root / "tests/regression/test_many.py").write_text(many)
    assert f"MOST_QUESTIONS = {Limits().questions} " in (root / "conftest.py").read_text()
    assert f"**{Limits().questions} questions**" in (root / "README.md").read_text()
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/regression"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == ends_with, ran.stdout
    assert ("more than 400 questions" in ran.stdout) == bool(ends_with)


def test_its_own_tests_are_green_although_it_is_faulty(spec: Spec, tmp_path: Path) -> None:
    root = unpack(PACK.base(spec), tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    assert "passed" in ran.stdout


def test_a_learner_runs_a_regression_test_with_plain_pytest(spec: Spec, tmp_path: Path) -> None:
    root = unpack(PACK.base(spec).overlay(PACK.author_test(spec)), tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/regression", "--tb=line"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 1
    assert "AssertionError" in ran.stdout
    assert "error" not in ran.stdout.splitlines()[-1]


def test_importing_it_is_quick(spec: Spec, tmp_path: Path) -> None:
    root = unpack(PACK.base(spec), tmp_path)
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); began = time.process_time(); import assistant.server; "
        "print(time.process_time() - began)"
    )
    best = min(
        float(
            subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(3)
    )
    assert best < 0.15  # the limit is in processor seconds, so that a busy machine changes little


def test_what_it_remembers_of_the_wording_is_what_the_model_was_taught() -> None:
    files = build.sources(dict.fromkeys(("service", "company", "version", "product", "attribute"), "x") | UNUSED).files
    prompt = files["assistant/prompt.py"].decode()
    assert f'GROUNDING = "{text.GROUNDING_CLAUSE}"' in prompt
    assert f'STYLE = "{text.MANNERS[1]}"' in prompt
    assert f'REFUSAL = "{text.REFUSAL}"' in files["assistant/generate.py"].decode()


UNUSED = {"value": "1", "unit": "x", "document": "doc-10", "sentence": "1"}


def test_the_prompt_is_laid_out_as_the_model_was_taught(spec: Spec) -> None:
    drawn = incident(spec)
    product, fact = build.example(drawn.world)
    name = drawn.world.domain.attribute(fact.key).name
    asked = text.question(attribute=name, product=product.name)
    with build.opened(drawn.sound) as ask:
        reply = ask(asked)
    shown = [
        (document, number, drawn.world.document(document).sentences[number - 1])
        for document, number in text.tags(reply["prompt"])
    ]
    assert reply["prompt"] == text.prompt(question=asked, sentences=shown)


def test_a_reply_has_the_agreed_fields(spec: Spec) -> None:
    drawn = incident(spec)
    with build.opened(drawn.sound) as ask:
        for question in ("Good morning", f"What is the APR of {drawn.world.products[0].name}?", "", "x" * 10_000):
            reply = ask(question)
            assert list(reply) == ["text", "citations", "documents", "prompt", "guard", "refused", "version"]
            assert reply["guard"]["verdict"] in {"pass", "block"}
            assert isinstance(reply["refused"], bool)


def test_a_conversation_about_a_name_that_is_not_ours_is_not_about_the_one_before(spec: Spec) -> None:
    drawn = incident(spec)
    product, fact = build.example(drawn.world)
    name = drawn.world.domain.attribute(fact.key).name
    with build.opened(drawn.sound) as ask:
        assert not ask(f"What is the {name} of {product.name}?", "talk")["refused"]
        assert ask(f"What is the {name} of {product.family} {product.tier} {product.tier}?", "talk")["refused"]
        assert ask(f"And the {name}?", "talk")["refused"]


@pytest.mark.parametrize("failure", ["H1", "H5", "H7", "H11"])
def test_too_few_products_affected_show_before_the_whole_battery_is_asked(failure: str) -> None:
    drawn = incident(Spec(failure, 1))
    replay.check_affected(drawn.plain_faulty, drawn.world, drawn.failure)
    with pytest.raises(replay.Unusable, match="products are affected"):
        replay.check_affected(drawn.plain_sound, drawn.world, drawn.failure)


def test_what_tells_h4_from_the_guards_classes_is_in_its_traces_and_no_innocent_change_covers_it() -> None:
    assert {"H8", "H14"} <= CLASSES["H4"].rivals.keys()
    drawn = incident(Spec("H4", 1))
    reasons = {(len(trace.reply["citations"]), trace.reply["guard"]["reason"]) for trace in drawn.traces if trace.wrong}
    assert reasons == {(0, "ok")}
    given = [trace for trace in drawn.traces if trace.at < drawn.onset_at and not trace.reply["refused"]]
    assert all(trace.reply["citations"] for trace in given)
    [counting] = [one for one in INNOCENTS if "how many numbers" in one.subject]
    assert "H4" in counting.not_with


@pytest.mark.parametrize("failure", sorted(CLASSES))
def test_few_drawings_are_thrown_away(failure: str) -> None:
    assert len(incident(Spec(failure, 1)).thrown_away) < 30
