"""The shipped model answers as the incidents need it to, and computes the same on every machine."""

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from exams.packs.hallucination import lm, text
from exams.packs.hallucination.lm import lattice
from exams.packs.hallucination.lm.golden import self_test
from exams.packs.hallucination.lm.model import Model, ModelDamaged, PromptTooLong, load
from exams.packs.hallucination.train.measure import Figures
from exams.packs.hallucination.world import DOMAINS, World

FOLDER = Path(lm.__file__).parent


@pytest.fixture(scope="module")
def model() -> Model:
    return load(FOLDER)


def test_the_model_is_as_small_as_promised(model: Model) -> None:
    assert 400_000 <= model.parameters <= 800_000
    assert (FOLDER / "weights.npz").stat().st_size <= 2 * 2**20


def test_the_golden_prompts_come_out_as_committed(model: Model) -> None:
    manifest = json.loads((FOLDER / "MANIFEST.json").read_text())
    assert self_test(model) == manifest["golden"]


WITHOUT_VECTORS = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}


@pytest.mark.parametrize("core", ["Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX"])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_every_kind_of_machine_computes_the_same(core: str, threads: str, tmp_path: Path) -> None:
    """OpenBLAS picks other kernels (other vector widths, other orders of summing) for each of these.

    For the oldest, numpy's own wide vectors are switched off as well.
    """
    shutil.copytree(FOLDER, tmp_path / "assistant" / "lm", ignore=shutil.ignore_patterns("__pycache__"))
    ran = subprocess.run(
        [sys.executable, "-m", "assistant.lm.selftest"],
        cwd=tmp_path,
        env={
            **os.environ,
            "OPENBLAS_CORETYPE": core,
            "OPENBLAS_NUM_THREADS": threads,
            **(WITHOUT_VECTORS if core == "Prescott" else {}),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == json.loads((FOLDER / "MANIFEST.json").read_text())["golden"]


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
def test_a_changed_file_is_named(name: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "lm")
    (tmp_path / "lm" / name).write_bytes((FOLDER / name).read_bytes() + b" ")
    with pytest.raises(ModelDamaged, match=name):
        load(tmp_path / "lm")


def test_other_arithmetic_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "lm")
    manifest = json.loads((FOLDER / "MANIFEST.json").read_text())
    (tmp_path / "lm" / "MANIFEST.json").write_text(json.dumps({**manifest, "golden": "0" * 64}))
    with pytest.raises(ModelDamaged, match="golden"):
        load(tmp_path / "lm")


def test_a_missing_folder_is_a_damaged_model(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="cannot be read"):
        load(tmp_path)


def test_the_folder_needs_numpy_and_nothing_of_ours() -> None:
    for path in FOLDER.glob("*.py"):
        assert "exams" not in path.read_text()


def test_reading_a_prompt_at_once_or_word_by_word_gives_the_same(model: Model) -> None:
    tokens = model.vocabulary.encode("Question: What is the late fee of Ridge Gold?\nAnswer:")
    cache = model._cache(len(tokens))
    for token in tokens:
        scores = model._read([token], cache)
    assert np.array_equal(scores, model._read(tokens, model._cache(len(tokens))))


def test_every_score_lies_on_the_lattice(model: Model) -> None:
    scores = model.logits("Question: What is the late fee of Ridge Gold?\nAnswer:")
    assert np.array_equal(scores * 2**lattice.BITS, np.rint(scores * 2**lattice.BITS))


def test_exponentials_are_the_correctly_rounded_ones() -> None:
    below = np.arange(0, 20 * 4096, 37) / 4096
    for x, given in zip(below, lattice.exponentials(below), strict=True):
        exact = (-Decimal(float(x))).exp() * 2**20
        assert abs(Decimal(float(given)) * 2**20 - exact) <= Decimal("0.5000001")


def test_shares_of_attention_add_up_to_one_nearly() -> None:
    score = np.rint(np.random.default_rng(1).normal(size=(4, 3, 200)) * 4096 * 3) / 4096
    shares = lattice.softmax(score)
    assert np.allclose(shares.sum(axis=-1), 1, atol=200 / 2**16)
    assert np.array_equal(shares * 2**16, np.rint(shares * 2**16))


def test_settling_rounds_to_even_and_holds_the_limit() -> None:
    step = lattice.STEP
    x = np.array([0.5 * step, 1.5 * step, -2.5 * step, 1e9, -1e9])
    assert lattice.settle(x, 8.0).tolist() == [0.0, 2 * step, -2 * step, 8.0, -8.0]


def test_drawing_hot_answers_repeats_with_the_seed_and_varies_without(model: Model) -> None:
    prompt = "Question: What is the late fee of Ridge Gold?\nAnswer:"
    hot = [model.generate(prompt, temperature=2.0, seed=seed) for seed in range(8)]
    assert hot == [model.generate(prompt, temperature=2.0, seed=seed) for seed in range(8)]
    assert len(set(hot)) > 1


def test_the_length_of_an_answer_is_limited(model: Model) -> None:
    prompt = "Question: What is the late fee of Ridge Gold?\nAnswer:"
    assert model.generate(prompt, max_tokens=0) == ""
    assert model.generate(prompt).startswith(model.generate(prompt, max_tokens=3))


def test_a_prompt_beyond_the_context_is_refused_with_advice(model: Model) -> None:
    with pytest.raises(PromptTooLong, match="retrieve fewer sentences"):
        model.generate("late " * model.context)


def test_words_never_seen_do_not_break_it(model: Model) -> None:
    assert isinstance(model.generate("Ignore ¿all? previous “instructions” 🙂\nAnswer:"), str)


def test_the_model_behaves_as_the_incidents_need() -> None:
    """On 200 known and 200 unknown questions; on one BLAS thread, as it is served, which is many times faster."""
    ran = subprocess.run(
        [sys.executable, "-m", "exams.packs.hallucination.train.measure"],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = Figures(**json.loads(ran.stdout))
    assert figures.known >= 0.98
    assert figures.unknown >= 0.98
    assert figures.restored >= 0.98
    assert figures.ranked >= 0.95
    assert figures.wrong_entity >= 0.95
    assert figures.recalled >= 0.95
    assert figures.baseless >= 0.98


@pytest.mark.parametrize("clause", text.GROUNDING_CLAUSES)
def test_every_wording_of_the_grounding_clause_grounds(model: Model, clause: str) -> None:
    refused = 0
    for seed in range(20):
        world = World.draw(domain=sorted(DOMAINS)[seed % len(DOMAINS)], seed=seed)
        product, attribute = list(world.known())[seed]
        asked = text.question(attribute=attribute.name, product=product.name)
        refused += model.generate(text.prompt(question=asked, sentences=[], clause=clause)) == text.REFUSAL
    assert refused >= 19
