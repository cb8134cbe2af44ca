"""Which cells a submission is run in, and that no tree holds what it should not."""

from __future__ import annotations

from collections import Counter

import pytest

from grading import plan
from grading.verdicts import CellKind
from sandboxes.ingest import IngestRefused
from sandboxes.ingest.tree import Tree
from tests.grading import work


def draw_up(submitted: Tree | None = None, *, hand_in: bool = True, seed: int = 5) -> plan.Plan:
    return plan.draw_up(pack=work.PACK, spec=work.SPEC, submitted=submitted or work.tree(), hand_in=hand_in, seed=seed)


def kinds(drawn: plan.Plan) -> Counter[str]:
    return Counter(cell.kind for cell in drawn.cells)


def test_a_practice_run_has_the_visible_cells_only_three_times_each() -> None:
    assert kinds(draw_up(hand_in=False)) == {CellKind.pre: 3, CellKind.post: 3}


def test_a_hand_in_has_every_cell() -> None:
    assert kinds(draw_up()) == {
        CellKind.pre: 3,
        CellKind.post: 3,
        CellKind.ref: 1,
        CellKind.alt: 1,
        CellKind.mut: 2,
        CellKind.probe: 5,
        CellKind.p2p: 1,
    }
    assert [cell.kind for cell in draw_up().cells if cell.visible].count(CellKind.pre) == 3


def test_the_order_is_random_and_comes_from_the_seed() -> None:
    orders = {tuple((cell.kind, cell.key) for cell in draw_up(seed=seed).cells) for seed in range(5)}
    assert len(orders) == 5
    assert draw_up(seed=3) == draw_up(seed=3)


def test_cells_go_by_opaque_names() -> None:
    names = [cell.ident for cell in draw_up().cells]
    assert len(set(names)) == len(names)
    assert not any(kind in name for kind in CellKind for name in names)


def test_no_served_tree_has_tests_in_it_and_the_test_is_nothing_but_the_regression_tests() -> None:
    submitted = work.tree().overlay(
        Tree({"tests/approved_facts.json": b"{}", "tests/test_other.py": b"", "conftest.py": b""})
    )
    drawn = draw_up(submitted)
    assert not any(path.startswith("tests") for cell in drawn.cells for path in cell.tree.files)
    assert set(drawn.test.files) == {work.TEST_PATH}


def test_no_served_tree_has_records_in_it_however_their_names_are_written() -> None:
    class Recorded(type(work.PACK)):  # type: ignore[misc] # the small pack, with what operation recorded
        def base(self, spec: object) -> Tree:
            return Tree({**super().base(spec).files, "ops/deploys.log": b"deploy 1"})

    drawn = plan.draw_up(
        pack=Recorded(),
        spec=work.SPEC,
        submitted=work.tree().overlay(Tree({"OPS/answers.json": b"{}"})),
        hand_in=True,
        seed=5,
    )
    trees = [drawn.before, drawn.after, *(cell.tree for cell in drawn.cells)]
    assert not any(path.casefold().startswith("ops") for tree in trees for path in tree.files)


def test_before_is_what_was_handed_out_whatever_was_submitted() -> None:
    drawn = draw_up(work.tree(hotfix=Tree({"assistant/server.py": b"boom"})))
    before = next(cell.tree for cell in drawn.cells if cell.kind is CellKind.pre)
    assert before == work.PACK.base(work.SPEC).without("tests")


class WithModel(type(work.PACK)):  # type: ignore[misc] # the small pack, with a protected part
    """The small pack with a model of ours below assistant/lm."""

    def base(self, spec: object) -> Tree:
        return Tree({**super().base(spec).files, "assistant/lm/weights.bin": b"ours"})


@pytest.mark.parametrize("folder", ["assistant/lm", "assistant/LM", "Assistant/lm"])
def test_protected_parts_are_ours_however_their_names_are_written(folder: str) -> None:
    fixed = {path: content for path, content in work.tree().files.items() if "assistant" not in path}
    server = work.tree().files["assistant/server.py"]
    submitted = Tree({**fixed, f"{folder}/weights.bin": b"theirs", f"{folder.partition('/')[0]}/server.py": server})
    try:
        drawn = plan.draw_up(pack=WithModel(), spec=work.SPEC, submitted=submitted, hand_in=False, seed=1)
    except IngestRefused:
        assert folder.startswith("Assistant")  # two spellings of one folder cannot be combined
        return
    after = next(cell.tree for cell in drawn.cells if cell.kind is CellKind.post)
    assert after.files["assistant/lm/weights.bin"] == b"ours"
    assert b"theirs" not in after.files.values()
    assert "assistant/lm/weights.bin" in drawn.edited.protected


def test_hidden_questions_are_answered_from_fresh_data_not_from_what_the_learner_knows() -> None:
    submitted = work.tree().overlay(Tree({"kb/products.json": b"[]", "kb/more.json": b"[]"}))
    drawn = draw_up(submitted)
    after = next(cell for cell in drawn.cells if cell.kind is CellKind.probe and cell.key == plan.AFTER)
    assert after.questions is not None
    assert after.tree.files["kb/products.json"] == after.questions.data.files["kb/products.json"]
    assert "kb/more.json" not in after.tree.files
    post = next(cell for cell in drawn.cells if cell.kind is CellKind.post)
    assert post.tree.files["kb/products.json"] == b"[]"
    assert drawn.edited.data == ("kb/more.json", "kb/products.json")


def test_the_fresh_data_differs_from_run_to_run() -> None:
    def data(seed: int) -> Tree:
        cell = next(cell for cell in draw_up(seed=seed).cells if cell.kind is CellKind.probe)
        assert cell.questions is not None
        return cell.questions.data

    assert data(1) != data(2)


def test_without_a_test_only_the_questions_are_left() -> None:
    drawn = draw_up(work.tree(test=None))
    assert not drawn.has_test
    assert kinds(drawn) == {CellKind.probe: 5, CellKind.p2p: 1}


def test_a_file_where_we_have_a_folder_cannot_be_combined_with_ours() -> None:
    submitted = Tree({"assistant": b"a file", work.TEST_PATH: b"def test_it(): pass\n"})
    with pytest.raises(IngestRefused):
        plan.draw_up(pack=WithModel(), spec=work.SPEC, submitted=submitted, hand_in=False, seed=1)


def test_repeats_after_a_disagreement_are_five_fresh_cells_of_their_own() -> None:
    again = draw_up().again([CellKind.post])
    assert [(cell.kind, cell.tree) for cell in again] == [(CellKind.post, draw_up().after)] * 5
    assert sorted(cell.repeat for cell in again) == [4, 5, 6, 7, 8]
