"""The promise of sandboxes/sandbox.py, shown for every implementation of it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sandboxes.ingest.tree import Tree
from sandboxes.limits import Limits
from sandboxes.sandbox import BadJob, Exchange, NodeOutcome, RunEnd, SandboxFault, TestRun
from tests.sandboxes.trees import ECHO, FACTS, assistant, canned, outcomes, regression, replying

if TYPE_CHECKING:
    from sandboxes.sandbox import Sandbox, Served

LIMITS = Limits()


def run(sandbox: Sandbox, source: str, limits: Limits = LIMITS) -> TestRun:
    return sandbox.run_test(regression(source), facts=FACTS, ask=canned, limits=limits)


# Serving a tree


def test_a_served_tree_answers_questions(sandbox: Sandbox) -> None:
    with sandbox.serve(assistant(), limits=LIMITS) as served:
        exchange = served.ask("what is the late fee?")
    assert exchange.fault is None
    assert exchange.reply is not None
    assert exchange.reply["text"] == "WHAT IS THE LATE FEE?"
    assert 0 < exchange.seconds < LIMITS.answer_seconds


def test_the_session_reaches_the_assistant(sandbox: Sandbox) -> None:
    with sandbox.serve(replying('return {"text": request["session"]}'), limits=LIMITS) as served:
        assert served.ask("q", session="anna").reply == {"text": "anna"}


def test_a_served_tree_keeps_its_state_between_questions(sandbox: Sandbox) -> None:
    tree = replying('self.n = getattr(self, "n", 0) + 1\nreturn {"text": str(self.n)}')
    with sandbox.serve(tree, limits=LIMITS) as served:
        texts = [exchange.reply["text"] for _ in range(3) if (exchange := served.ask("q")).reply]
    assert texts == ["1", "2", "3"]


def test_nothing_is_left_for_the_next_tree(sandbox: Sandbox) -> None:
    tree = replying(
        """
        from pathlib import Path
        mark = Path(request["question"])
        seen = mark.exists()
        mark.write_text("x")
        return {"text": str(seen)}
        """
    )
    for _ in range(2):
        with sandbox.serve(tree, limits=LIMITS) as served:
            assert served.ask("left-behind").reply == {"text": "False"}


def test_two_trees_can_be_served_at_once(sandbox: Sandbox) -> None:
    with (
        sandbox.serve(replying('return {"text": "one"}'), limits=LIMITS) as one,
        sandbox.serve(replying('return {"text": "two"}'), limits=LIMITS) as two,
    ):
        assert one.ask("q").reply == {"text": "one"}
        assert two.ask("q").reply == {"text": "two"}


def test_files_of_the_tree_are_found_where_the_assistant_is_told(sandbox: Sandbox) -> None:
    tree = Tree(
        {
            "assistant/__init__.py": b"",
            "assistant/server.py": b"""
class Assistant:
    def __init__(self, root):
        self.text = (root / "kb" / "d\xc3\xb6c.txt").read_text()
    def reply(self, request):
        return {"text": self.text}
def open_assistant(root):
    return Assistant(root)
""",
            "kb/döc.txt": b"fee is 39",
        }
    )
    with sandbox.serve(tree, limits=LIMITS) as served:
        assert served.load_error is None
        assert served.ask("q").reply == {"text": "fee is 39"}


def test_a_tree_that_cannot_be_imported_says_why(sandbox: Sandbox) -> None:
    with sandbox.serve(assistant("import nowhere_to_be_found"), limits=LIMITS) as served:
        assert served.load_error is not None
        assert "nowhere_to_be_found" in served.load_error
        assert "assistant/server.py" in served.load_error
        exchange = served.ask("q")
        assert exchange.reply is None
        assert exchange.fault is not None
        assert served.ended is None


def test_a_tree_without_an_assistant_says_why(sandbox: Sandbox) -> None:
    with sandbox.serve(Tree({"README.md": b"hello"}), limits=LIMITS) as served:
        assert served.load_error is not None
        assert "assistant" in served.load_error


def test_a_tree_that_exits_while_it_loads_says_so(sandbox: Sandbox) -> None:
    with sandbox.serve(assistant("import os; os._exit(0)"), limits=LIMITS) as served:
        assert served.load_error is None
        assert served.ended is RunEnd.early_exit
        assert "early_exit" in (served.ask("q").fault or "")


def test_an_assistant_that_raises_goes_on_answering(sandbox: Sandbox) -> None:
    tree = replying('if request["question"] == "bad":\n    raise KeyError("late_fee")\nreturn {"text": "fine"}')
    with sandbox.serve(tree, limits=LIMITS) as served:
        bad = served.ask("bad")
        assert bad.reply is None
        assert "KeyError" in (bad.fault or "")
        assert served.ask("good").reply == {"text": "fine"}
        assert served.ended is None


def test_an_assistant_that_raises_systemexit_goes_on_answering(sandbox: Sandbox) -> None:
    with sandbox.serve(replying("sys.exit(0)"), limits=LIMITS) as served:
        assert "SystemExit" in (served.ask("q").fault or "")
        assert served.ended is None


@pytest.mark.parametrize(
    "value", ["None", '"text"', "[1]", "{1, 2}", '{"text": float("nan")}', '{"text": object()}', '{"x": 1e999}']
)
def test_a_reply_that_is_no_json_object_is_a_fault_of_the_tree(sandbox: Sandbox, value: str) -> None:
    with sandbox.serve(replying(f"return {value}"), limits=LIMITS) as served:
        exchange = served.ask("q")
        assert exchange.reply is None
        assert exchange.fault
        assert served.ended is None


def test_a_reply_over_the_limit_is_a_fault_of_the_tree(sandbox: Sandbox) -> None:
    with sandbox.serve(replying('return {"text": "x" * 1000}'), limits=replace(LIMITS, reply_bytes=500)) as served:
        assert "limit" in (served.ask("q").fault or "")


def test_characters_no_database_stores_are_replaced(sandbox: Sandbox) -> None:
    with sandbox.serve(replying(r'return {"text": "a\0b\ud800c", "k\0": 1}'), limits=LIMITS) as served:
        assert served.ask("q").reply == {"text": "a\ufffdb\ufffdc", "k\ufffd": 1}


def test_a_question_with_any_character_arrives_unchanged(sandbox: Sandbox) -> None:
    question = 'tab\t"quote" \\ ünïcödé 数字 \U0001f600'
    with sandbox.serve(replying('return {"text": request["question"]}'), limits=LIMITS) as served:
        assert served.ask(question).reply == {"text": question}


def test_an_answer_that_takes_too_long_ends_the_tree(sandbox: Sandbox) -> None:
    limits = replace(LIMITS, answer_seconds=0.3)
    with sandbox.serve(replying("time.sleep(60)"), limits=limits) as served:
        began = time.monotonic()
        assert "timeout_wall" in (served.ask("q").fault or "")
        assert served.ended is RunEnd.timeout_wall
        assert served.ask("again").reply is None
        assert time.monotonic() - began < 20


def test_a_tree_that_was_cut_off_tells_what_it_used_of_the_processor(sandbox: Sandbox) -> None:
    limits = replace(LIMITS, answer_seconds=1.5)
    with sandbox.serve(replying("while True: pass"), limits=limits) as served:
        assert served.cpu_seconds == 0.0
        assert served.ask("q").reply is None
        assert served.ended is RunEnd.timeout_wall
        assert 0.05 < served.cpu_seconds < LIMITS.cpu_seconds


def test_loading_that_takes_too_long_ends_the_tree(sandbox: Sandbox) -> None:
    limits = replace(LIMITS, load_seconds=0.3)
    with sandbox.serve(assistant("import time; time.sleep(60)"), limits=limits) as served:
        assert served.load_error is None
        assert served.ended is RunEnd.timeout_wall
        assert "load" in served.why


def test_a_tree_killed_by_its_own_signal_is_signalled(sandbox: Sandbox) -> None:
    with sandbox.serve(replying("os.kill(os.getpid(), 11)"), limits=LIMITS) as served:
        assert served.ask("q").reply is None
        assert served.ended is RunEnd.signalled
        assert "SIGSEGV" in served.why


def test_a_tree_that_ignores_sigterm_is_gone_after_the_block(sandbox: Sandbox) -> None:
    tree = assistant("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ECHO)
    began = time.monotonic()
    with sandbox.serve(tree, limits=LIMITS) as served:
        assert served.ask("q").reply
    assert time.monotonic() - began < 20


def test_every_exchange_has_a_reply_or_a_fault_and_never_both(sandbox: Sandbox) -> None:
    tree = replying(
        """
        match request["question"]:
            case "good": return {"text": "fine"}
            case "none": return None
            case "raises": raise KeyError("x")
            case "ends": os._exit(3)
        """
    )
    with sandbox.serve(tree, limits=LIMITS) as served:
        exchanges = [served.ask(question) for question in ("good", "none", "raises", "ends", "good")]
    assert [each.question for each in exchanges] == ["good", "none", "raises", "ends", "good"]
    assert [each.reply is None for each in exchanges] == [False, True, True, True, True]
    assert [each.fault is None for each in exchanges] == [True, False, False, False, False]


def test_the_time_of_an_answer_is_measured_outside(sandbox: Sandbox) -> None:
    tree = replying("time.sleep(0.3)\nreturn {}")
    patched = assistant(
        "import time\ntime.monotonic = time.perf_counter = time.time = lambda: 0.0\n"
        + tree.files["assistant/server.py"].decode()
    )
    with sandbox.serve(patched, limits=LIMITS) as served:
        assert 0.3 <= served.ask("q").seconds < LIMITS.answer_seconds


def test_why_is_empty_while_it_lives_and_a_sentence_afterwards(sandbox: Sandbox) -> None:
    with sandbox.serve(replying("os._exit(3)"), limits=LIMITS) as served:
        assert served.load_error is None
        assert (served.ended, served.why) == (None, "")
        served.ask("q")
        assert served.ended is RunEnd.early_exit
        assert served.why


def test_an_error_while_loading_is_capped_at_its_end(sandbox: Sandbox) -> None:
    tree = assistant('raise ValueError("x" * 100_000 + "the end")')
    with sandbox.serve(tree, limits=replace(LIMITS, message_bytes=500)) as served:
        assert served.load_error is not None
        assert len(served.load_error) <= 500
        assert served.load_error.endswith("the end")


def test_a_tree_is_gone_when_the_block_ends_by_an_exception(sandbox: Sandbox) -> None:
    class Interrupted(Exception):
        pass

    def begin(kept: list[Served]) -> None:
        with sandbox.serve(assistant(), limits=LIMITS) as served:
            assert served.ask("q").reply
            kept.append(served)
            raise Interrupted

    kept: list[Served] = []
    with pytest.raises(Interrupted):
        begin(kept)
    with contextlib.suppress(SandboxFault):  # the platform let go of it, which is no statement about the tree
        assert kept[0].ask("anybody there?").reply is None


def test_a_tree_over_the_limit_is_the_platforms_mistake_and_is_not_run(sandbox: Sandbox) -> None:
    tree, test = assistant(), regression("def test_it(): pass\n")
    sizes = [sum(map(len, each.files.values())) for each in (tree, test)]
    small = [replace(LIMITS, tree_bytes=size - 1) for size in sizes]
    with pytest.raises(BadJob, match="size of the tree"), sandbox.serve(tree, limits=small[0]):
        pass
    with pytest.raises(BadJob, match="size of the tree"):
        sandbox.run_test(test, facts=FACTS, ask=canned, limits=small[1])
    with sandbox.serve(tree, limits=replace(LIMITS, tree_bytes=sizes[0])) as served:
        assert served.ask("q").reply


def test_a_tree_that_uses_up_its_processor_time_is_stopped(sandbox: Sandbox) -> None:
    with sandbox.serve(replying("while True: pass"), limits=replace(LIMITS, cpu_seconds=0.5)) as served:
        assert served.ask("q").reply is None
        assert served.ended is RunEnd.timeout_cpu


def test_a_tree_that_prints_without_end_is_stopped(sandbox: Sandbox) -> None:
    tree = replying('while True: os.write(1, b"x" * 4096)')
    with sandbox.serve(tree, limits=replace(LIMITS, output_bytes=100_000)) as served:
        assert served.ask("q").reply is None
        assert served.ended is RunEnd.output_limit


def test_all_of_the_time_together_is_limited_too(sandbox: Sandbox) -> None:
    with sandbox.serve(replying("time.sleep(0.2)\nreturn {}"), limits=replace(LIMITS, wall_seconds=1.5)) as served:
        began = time.monotonic()
        while served.ended is None and time.monotonic() - began < 20:
            served.ask("q")
        assert served.ended is RunEnd.timeout_wall


def test_a_reply_nested_deeper_than_allowed_is_a_fault_of_the_tree(sandbox: Sandbox) -> None:
    tree = replying('value = 1\nfor _ in range(200): value = [value]\nreturn {"text": value}')
    with sandbox.serve(tree, limits=LIMITS) as served:
        exchange = served.ask("q")
        assert exchange.reply is None
        assert exchange.fault
        assert served.ended is None


# Running a test


def test_each_kind_of_outcome_has_its_word(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        import pytest

        @pytest.fixture
        def broken():
            raise RuntimeError("setup")

        @pytest.fixture
        def unclean():
            yield
            raise RuntimeError("teardown")

        def test_passes(): pass
        def test_asserts(): assert 1 == 2
        def test_fails(): pytest.fail("no")
        def test_raises(): raise ValueError("no")
        def test_setup(broken): pass
        def test_teardown(unclean): pass
        def test_skips(): pytest.skip("later")
        @pytest.mark.xfail
        def test_xfails(): assert False
        @pytest.mark.xfail
        def test_xpasses(): pass
        @pytest.mark.xfail(strict=True)
        def test_strict(): pass
        def test_raises_in_both(unclean): assert False
        """,
    )
    assert result.ended is RunEnd.completed
    assert outcomes(result) == {
        "test_passes": NodeOutcome.passed,
        "test_asserts": NodeOutcome.failed_assert,
        "test_fails": NodeOutcome.failed_assert,
        "test_raises": NodeOutcome.failed_raise,
        "test_setup": NodeOutcome.error_setup,
        "test_teardown": NodeOutcome.error_teardown,
        "test_skips": NodeOutcome.skipped,
        "test_xfails": NodeOutcome.xfailed,
        "test_xpasses": NodeOutcome.xpassed,
        "test_strict": NodeOutcome.xpassed,
        "test_raises_in_both": NodeOutcome.failed_assert,
    }


def test_a_failure_explains_itself(sandbox: Sandbox) -> None:
    result = run(sandbox, "def test_fee(ask):\n    assert ask('fee').text == '39'\n")
    (node,) = result.nodes
    assert node.node_id == "tests/regression/test_it.py::test_fee"
    assert "assert 'FEE' == '39'" in node.message
    assert node.seconds > 0


def test_questions_go_through_ask_and_are_kept(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        def test_reply(ask):
            reply = ask("hello", session="anna")
            assert reply.text == reply["text"] == "HELLO"
            assert reply.documents == ["doc-1"] and reply.citations == [] and reply.refused is False
        """,
    )
    assert outcomes(result) == {"test_reply": NodeOutcome.passed}
    assert [(e.question, e.session) for e in result.exchanges] == [("hello", "anna")]


def test_a_test_can_question_a_served_tree(sandbox: Sandbox) -> None:
    with sandbox.serve(assistant(), limits=LIMITS) as served:
        result = sandbox.run_test(
            regression("def test_it(ask):\n    assert ask('x').text == 'X'\n"),
            facts=FACTS,
            ask=lambda question, session: served.ask(question, session=session),
            limits=LIMITS,
        )
    assert outcomes(result) == {"test_it": NodeOutcome.passed}


def test_the_approved_facts_are_given_and_not_shared_between_tests(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        def test_changes(facts):
            facts["products"].clear()
        def test_sees_all(facts):
            assert facts["products"][0]["id"] == "ridge-gold"
        """,
    )
    assert set(outcomes(result).values()) == {NodeOutcome.passed}


def test_an_assistant_that_fails_makes_the_test_raise_not_assert(sandbox: Sandbox) -> None:
    result = sandbox.run_test(
        regression("def test_it(ask):\n    assert ask('x').text == 'X'\n"),
        facts=FACTS,
        ask=lambda question, session: Exchange(question, session, None, "the assistant raised KeyError", 0.0),
        limits=LIMITS,
    )
    (node,) = result.nodes
    assert node.outcome is NodeOutcome.failed_raise
    assert "the assistant raised KeyError" in node.message


def test_a_fault_of_the_platform_while_asking_is_passed_on(sandbox: Sandbox) -> None:
    class EngineGone(SandboxFault):
        pass

    def ask(*_: str) -> Exchange:
        raise EngineGone

    with pytest.raises(EngineGone):
        sandbox.run_test(regression("def test_it(ask):\n    ask('x')\n"), facts=FACTS, ask=ask, limits=LIMITS)


def test_a_file_that_cannot_be_collected_has_its_word(sandbox: Sandbox) -> None:
    result = run(sandbox, "import nowhere_to_be_found\ndef test_it(): pass\n")
    (node,) = result.nodes
    assert node.outcome is NodeOutcome.error_collect
    assert "nowhere_to_be_found" in node.message
    assert result.ended is RunEnd.completed


def test_a_syntax_error_is_told_as_such(sandbox: Sandbox) -> None:
    (node,) = run(sandbox, "def test_it(:\n").nodes
    assert node.outcome is NodeOutcome.error_collect
    assert "SyntaxError" in node.message


def test_no_tests_give_no_nodes(sandbox: Sandbox) -> None:
    assert run(sandbox, "x = 1\n").nodes == ()
    result = sandbox.run_test(Tree({"README.md": b""}), facts=FACTS, ask=canned, limits=LIMITS)
    assert (result.ended, result.nodes) == (RunEnd.completed, ())


def test_parametrised_classes_and_helper_modules_work_as_at_home(sandbox: Sandbox) -> None:
    tree = regression(
        """
        import unittest
        import numpy
        import pytest
        from questions import QUESTIONS

        @pytest.mark.parametrize("question", QUESTIONS)
        def test_each(ask, question):
            assert ask(question).text == question.upper()

        class TestGroup:
            def test_inside(self, tmp_path, capsys, monkeypatch):
                print("seen")
                assert capsys.readouterr().out == "seen\\n"
                (tmp_path / "f").write_text("x")

        class Old(unittest.TestCase):
            def test_old(self):
                self.assertEqual(1, 2)
        """,
        {"tests/regression/questions.py": b'QUESTIONS = ["a", "b" * 600]\n'},
    )
    result = sandbox.run_test(tree, facts=FACTS, ask=canned, limits=LIMITS)
    found = outcomes(result)
    assert len(result.nodes) == 4
    assert found["test_inside"] is NodeOutcome.passed
    assert found["test_old"] is NodeOutcome.failed_assert
    assert sorted(found.values()) == ["failed_assert", "passed", "passed", "passed"]


def test_settings_in_the_tree_are_ignored(sandbox: Sandbox) -> None:
    tree = regression(
        "def test_it(): assert False\n",
        {
            "pytest.ini": b"[pytest]\naddopts = --collect-only\npython_files = nothing.py\n",
            "tests/regression/pyproject.toml": b"[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
        },
    )
    result = sandbox.run_test(tree, facts=FACTS, ask=canned, limits=LIMITS)
    assert outcomes(result) == {"test_it": NodeOutcome.failed_assert}


def test_what_is_printed_is_kept_at_its_end_and_made_visible(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        r"""
        def test_it():
            print("x" * 5000 + "\x1b[31mred\x00 end")
        """,
        replace(LIMITS, output_tail_bytes=200),
    )
    assert "\\x1b[31mred\\x00 end" in result.output_tail
    assert len(result.output_tail) <= 200


def test_a_test_that_never_ends_is_stopped_and_keeps_what_it_printed(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        import time
        def test_first(): print("got this far", flush=True)
        def test_it(): time.sleep(60)
        def test_later(): pass
        """,
        replace(LIMITS, wall_seconds=1.0),
    )
    assert result.ended is RunEnd.timeout_wall
    assert outcomes(result) == {
        "test_first": NodeOutcome.passed,
        "test_it": NodeOutcome.absent,
        "test_later": NodeOutcome.absent,
    }
    assert "got this far" in result.output_tail
    assert result.seconds < 10


def test_a_test_that_uses_up_its_processor_time_is_stopped(sandbox: Sandbox) -> None:
    result = run(sandbox, "def test_it():\n    while True: pass\n", replace(LIMITS, cpu_seconds=0.5))
    assert result.ended is RunEnd.timeout_cpu


def test_more_questions_than_allowed_end_the_run(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        "def test_it(ask):\n    while True: ask('x')\n",
        replace(LIMITS, questions=5),
    )
    assert result.ended is RunEnd.output_limit
    assert len(result.exchanges) == 5


def test_more_tests_than_allowed_end_the_run(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        import pytest
        @pytest.mark.parametrize("n", range(300))
        def test_it(n): pass
        """,
        replace(LIMITS, nodes=50),
    )
    assert result.ended is RunEnd.output_limit
    assert "test nodes of 50" in result.why


def test_a_question_that_is_too_long_or_no_text_is_not_put(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        def test_long(ask): ask("x" * 10_000)
        def test_number(ask): ask(5)
        """,
    )
    assert set(outcomes(result).values()) == {NodeOutcome.failed_raise}
    assert all(exchange.fault for exchange in result.exchanges)


def test_every_run_is_in_a_place_of_its_own(sandbox: Sandbox) -> None:
    source = """
    from pathlib import Path
    def test_it():
        mark = Path("../left-behind")
        assert not mark.exists()
        mark.write_text("x")
    """
    results = [run(sandbox, source) for _ in range(2)]
    assert all(outcomes(each) == {"test_it": NodeOutcome.passed} for each in results)
    assert results[0].container != results[1].container


def test_questions_are_put_in_the_thread_that_runs_the_test(sandbox: Sandbox) -> None:
    threads = []

    def ask(question: str, session: str) -> Exchange:
        threads.append(threading.get_ident())
        return canned(question, session)

    sandbox.run_test(regression("def test_it(ask): ask('a'); ask('b')\n"), facts=FACTS, ask=ask, limits=LIMITS)
    assert threads == [threading.get_ident()] * 2


def test_the_questions_are_kept_in_their_order_even_when_the_run_does_not_end(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        """
        import os
        def test_it(ask):
            for question in ("one", "two", "three"):
                ask(question)
            os._exit(0)
        """,
    )
    assert [each.question for each in result.exchanges] == ["one", "two", "three"]
    assert result.ended is RunEnd.early_exit
    assert outcomes(result) == {"test_it": NodeOutcome.absent}


def test_how_it_ended_rests_on_something_that_can_be_said(sandbox: Sandbox) -> None:
    for source, ended in (
        ("def test_it(): pass\n", RunEnd.completed),
        ("import os\ndef test_it(): os._exit(0)\n", RunEnd.early_exit),
        ("import os\ndef test_it(): os.kill(os.getpid(), 11)\n", RunEnd.signalled),
    ):
        result = run(sandbox, source)
        assert result.ended is ended
        assert result.why
        assert result.container


def test_any_exception_raised_while_asking_ends_the_run_and_is_passed_on(sandbox: Sandbox) -> None:
    asked = []

    def ask(question: str, _: str) -> Exchange:
        asked.append(question)
        raise ZeroDivisionError

    source = """
        def test_it(ask):
            for _ in range(3):
                try:
                    ask("x")
                except BaseException:
                    pass
        """
    with pytest.raises(ZeroDivisionError):
        sandbox.run_test(regression(source), facts=FACTS, ask=ask, limits=LIMITS)
    assert asked == ["x"]


def test_a_test_that_prints_without_end_is_stopped(sandbox: Sandbox) -> None:
    result = run(
        sandbox,
        'import os\ndef test_it():\n    while True: os.write(1, b"x" * 4096)\n',
        replace(LIMITS, output_bytes=100_000),
    )
    assert result.ended is RunEnd.output_limit


def test_the_explanation_of_a_failure_is_capped(sandbox: Sandbox) -> None:
    result = run(sandbox, "def test_it():\n    raise ValueError('y' * 100_000)\n", replace(LIMITS, message_bytes=400))
    (node,) = result.nodes
    assert node.outcome is NodeOutcome.failed_raise
    assert 0 < len(node.message) <= 400


# About itself


def test_closed_it_starts_afresh_when_it_is_used_again(sandbox: Sandbox) -> None:
    for _ in range(2):
        with sandbox.serve(assistant(), limits=LIMITS) as served:
            assert served.ask("q").reply
        sandbox.close()
        sandbox.close()


def test_it_is_healthy_and_says_whether_it_isolates(sandbox: Sandbox) -> None:
    health = sandbox.health()
    assert health.ready
    assert health.isolates or any("does not isolate" in warning for warning in health.warnings)


@pytest.mark.xdist_group("sweeps")  # it takes what a killed worker left, which another test wants to sweep itself
def test_a_sweep_leaves_what_is_in_use(sandbox: Sandbox) -> None:
    with sandbox.serve(assistant(), limits=LIMITS) as served:
        assert served.ask("q").reply
        sandbox.sweep(older_than_s=3600)
        assert served.ask("q").reply


def test_provenance_names_what_a_verdict_rests_on(sandbox: Sandbox) -> None:
    assert sandbox.provenance()["sandbox"] in {"docker", "fake"}
