"""Tests that try to forge how they ended: none is believed, and none can be taken for a run that passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.limits import Limits
from sandboxes.sandbox import NodeOutcome, RunEnd, TestRun
from tests.sandboxes.trees import FACTS, assistant, canned, outcomes, regression, replying

pytestmark = pytest.mark.docker

LIMITS = Limits()


def attack(
    sandbox: DockerSandbox,
    source: str,
    others: dict[str, bytes] | None = None,
    limits: Limits = LIMITS,
) -> TestRun:
    return sandbox.run_test(regression(source, others), facts=FACTS, ask=canned, limits=limits)


def nothing_passed(run: TestRun) -> bool:
    return all(node.outcome is not NodeOutcome.passed for node in run.nodes)


@pytest.mark.parametrize(
    "exit_now",
    [
        "os._exit(0)",
        "os.execv(sys.executable, [sys.executable, '-c', 'pass'])",
        "os.kill(os.getpid(), 9)",
        "os._exit(137)",
        "os.abort()",
    ],
)
def test_leaving_the_process_is_no_success(docker_sandbox: DockerSandbox, exit_now: str) -> None:
    run = attack(docker_sandbox, f"import os, sys\ndef test_it(ask):\n    {exit_now}\n")
    assert run.ended in {RunEnd.early_exit, RunEnd.signalled}
    assert outcomes(run) == {"test_it": NodeOutcome.absent}


def test_an_exit_code_that_looks_like_the_end_of_memory_is_only_an_exit(docker_sandbox: DockerSandbox) -> None:
    assert attack(docker_sandbox, "import os\ndef test_it(): os._exit(137)\n").ended is RunEnd.early_exit


def test_leaving_while_the_file_is_read_is_no_success(docker_sandbox: DockerSandbox) -> None:
    run = attack(docker_sandbox, "import os\nos._exit(0)\ndef test_it(): pass\n")
    assert (run.ended, run.nodes) == (RunEnd.early_exit, ())


def test_there_is_no_program_that_does_nothing_well(docker_sandbox: DockerSandbox) -> None:
    run = attack(docker_sandbox, "import os\ndef test_it(): os.execv('/bin/true', ['true'])\n")
    assert outcomes(run) == {"test_it": NodeOutcome.failed_raise}


@pytest.mark.parametrize("stop", ["pytest.exit('done', returncode=0)", "raise KeyboardInterrupt"])
def test_stopping_pytest_from_inside_leaves_the_test_absent(docker_sandbox: DockerSandbox, stop: str) -> None:
    run = attack(docker_sandbox, f"import pytest\ndef test_it():\n    {stop}\ndef test_more(): pass\n")
    assert run.ended is RunEnd.early_exit
    assert nothing_passed(run)


def test_sys_exit_is_a_failure_by_raising(docker_sandbox: DockerSandbox) -> None:
    run = attack(docker_sandbox, "import sys\ndef test_it(): sys.exit(0)\n")
    assert outcomes(run) == {"test_it": NodeOutcome.failed_raise}


def test_conftest_hooks_are_not_loaded(docker_sandbox: DockerSandbox) -> None:
    hooks = b"""
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""
    places = ("conftest.py", "tests/conftest.py", "tests/regression/conftest.py")
    run = attack(docker_sandbox, "def test_it(): assert False\n", dict.fromkeys(places, hooks))
    assert outcomes(run) == {"test_it": NodeOutcome.failed_assert}


def test_plugins_named_by_the_test_are_not_loaded(docker_sandbox: DockerSandbox) -> None:
    plugin = b"""
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        yield
    except BaseException:
        pass
    return True
"""
    run = attack(
        docker_sandbox,
        "pytest_plugins = ['forger']\ndef test_it(): assert False\n",
        {"tests/regression/forger.py": plugin},
    )
    assert outcomes(run) == {"test_it": NodeOutcome.failed_assert}


def test_patching_pytests_report_does_not_change_the_outcome(docker_sandbox: DockerSandbox) -> None:
    run = attack(
        docker_sandbox,
        """
        from _pytest import reports, runner
        real = reports.TestReport.from_item_and_call.__func__
        def forged(cls, item, call):
            call.excinfo = None
            report = real(cls, item, call)
            report.outcome, report.longrepr = "passed", None
            return report
        reports.TestReport.from_item_and_call = classmethod(forged)
        reports.TestReport.failed = property(lambda self: False)
        def test_it(ask):
            assert ask("x").text == "never"
        """,
    )
    assert outcomes(run) == {"test_it": NodeOutcome.failed_assert}


def test_walking_to_the_examiner_can_only_speak_for_the_test_itself(docker_sandbox: DockerSandbox) -> None:
    source = """
    import gc
    def test_first(ask):
        for each in gc.get_objects():
            if type(each).__name__ == "Channel":
                each.send("node", node="tests/regression/test_it.py::test_second", outcome="passed", message="")
    def test_second(ask):
        assert False
    """
    run = attack(docker_sandbox, source)
    assert run.ended is RunEnd.tampered
    assert nothing_passed(run)


@pytest.mark.parametrize(
    "message",
    [
        '{"kind": "node", "node": "tests/regression/test_it.py::test_it", "outcome": "passed", "message": ""}',
        '{"nonce": "0", "number": 1, "kind": "done"}',
        "garbage",
        "[" * 5000,
        '{"a":' * 3000,
        "NaN",
        "",
    ],
)
def test_a_message_written_past_the_examiner_is_found_out(docker_sandbox: DockerSandbox, message: str) -> None:
    source = f"""
    import os, struct
    def test_it():
        data = {message.encode()!r}
        for fd in range(3, 64):
            try:
                os.write(fd, struct.pack(">I", len(data)) + data)
            except OSError:
                pass
    """
    run = attack(docker_sandbox, source)
    assert run.ended is RunEnd.tampered
    assert nothing_passed(run)


def test_a_message_larger_than_any_is_found_out(docker_sandbox: DockerSandbox) -> None:
    source = r"""
    import os
    def test_it():
        os.write(4, b"\xff" * 4)
        os.write(4, b"x" * 60_000)
    """
    assert attack(docker_sandbox, source).ended is RunEnd.tampered


def test_messages_without_end_are_cut_off(docker_sandbox: DockerSandbox) -> None:
    source = r"""
    import os, struct, gc, json
    def test_it():
        channel = next(each for each in gc.get_objects() if type(each).__name__ == "Channel")
        while True:
            channel.send("ask", question="x", session="")
    """
    run = attack(docker_sandbox, source, limits=replace(LIMITS, questions=50, frames=200))
    assert run.ended is RunEnd.output_limit


def test_a_complete_forged_ending_is_contradicted_by_what_pytest_says_next(docker_sandbox: DockerSandbox) -> None:
    source = """
    import gc
    def test_it():
        channel = next(each for each in gc.get_objects() if type(each).__name__ == "Channel")
        channel.send("node", node="tests/regression/test_it.py::test_it", outcome="passed", message="")
        channel.send("done")
        assert False
    """
    assert attack(docker_sandbox, source).ended is RunEnd.tampered


def test_output_that_looks_like_a_report_is_only_output(docker_sandbox: DockerSandbox) -> None:
    source = r"""
    import os
    def test_it():
        os.write(1, b"X\x00\x00\x00\x02{}")
        os.write(2, b"C\x00\x00\x00\x02{}")
        print("1 passed in 0.01s")
        assert False
    """
    run = attack(docker_sandbox, source)
    assert run.ended is RunEnd.completed
    assert outcomes(run) == {"test_it": NodeOutcome.failed_assert}
    assert "1 passed" in run.output_tail


def test_a_report_file_written_at_the_end_is_read_by_nobody(docker_sandbox: DockerSandbox) -> None:
    source = """
    import atexit
    @atexit.register
    def forge():
        open("/work/junit.xml", "w").write("<testsuite tests='1' failures='0'/>")
    def test_it(): assert False
    """
    assert outcomes(attack(docker_sandbox, source)) == {"test_it": NodeOutcome.failed_assert}


def test_a_value_equal_to_everything_passes_everywhere_alike(docker_sandbox: DockerSandbox) -> None:
    source = """
    class AlwaysEqual:
        def __eq__(self, other): return True
    def test_it(ask):
        assert ask("x").text == AlwaysEqual()
    """
    assert outcomes(attack(docker_sandbox, source)) == {"test_it": NodeOutcome.passed}


def test_an_assistant_equal_to_everything_arrives_as_plain_values(docker_sandbox: DockerSandbox) -> None:
    tree = replying(
        """
        class Any(str):
            def __eq__(self, other): return True
            __hash__ = str.__hash__
        return {"text": Any("wrong")}
        """
    )
    with docker_sandbox.serve(tree, limits=LIMITS) as served:
        run = docker_sandbox.run_test(
            regression("def test_it(ask):\n    assert ask('x').text == 'right'\n"),
            facts=FACTS,
            ask=lambda question, session: served.ask(question, session=session),
            limits=LIMITS,
        )
    assert outcomes(run) == {"test_it": NodeOutcome.failed_assert}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n", NodeOutcome.xfailed),
        ("import pytest\ndef test_it(): pytest.skip('no')\n", NodeOutcome.skipped),
        ("import pytest\ndef test_it(): pytest.xfail('no')\n", NodeOutcome.xfailed),
        ("import pytest\npytest.skip('no', allow_module_level=True)\ndef test_it(): pass\n", NodeOutcome.skipped),
        ("import nowhere\ndef test_it(): pass\n", NodeOutcome.error_collect),
    ],
)
def test_not_having_run_is_never_a_pass(docker_sandbox: DockerSandbox, body: str, word: NodeOutcome) -> None:
    run = attack(docker_sandbox, body)
    assert [node.outcome for node in run.nodes] == [word]


def test_test_names_made_up_while_running_are_refused(docker_sandbox: DockerSandbox) -> None:
    source = """
    import gc
    def test_it():
        channel = next(each for each in gc.get_objects() if type(each).__name__ == "Channel")
        channel.send("collected", nodes=["tests/regression/test_it.py::test_made_up"])
    """
    assert attack(docker_sandbox, source).ended is RunEnd.tampered


def test_patched_clocks_change_nothing_that_is_measured(docker_sandbox: DockerSandbox) -> None:
    source = """
    import time
    def test_it(ask):
        for name in ("time", "monotonic", "perf_counter", "process_time"):
            setattr(time, name, lambda: 1e12)
        ask("x")
    """
    run = attack(docker_sandbox, source)
    assert 0 <= run.nodes[0].seconds < 5
    assert 0 < run.seconds < 10


def test_control_characters_and_markup_arrive_harmless(docker_sandbox: DockerSandbox) -> None:
    source = r"""
    def test_it(ask):
        print("\x1b]0;title\x07\x1b[2J\x00\u202e<script>")
        raise AssertionError("\x1b[2J\x00\u202e<script>alert(1)</script>")
    """
    run = attack(docker_sandbox, source)
    for text in (run.output_tail, run.nodes[0].message):
        assert not any(character in text for character in "\x00\x07\x1b\u202e")
        assert "\\x1b" in text


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ('{"text": "x" * 50_000_000}', "limit"),
        ("nested", "nested"),
        ('{"text": "\\0" * 10}', None),
        ('{"n": 10 ** 5000}', "ValueError"),
    ],
)
def test_a_bomb_for_a_reply_is_a_fault_of_the_tree(docker_sandbox: DockerSandbox, reply: str, word: str | None) -> None:
    body = f"nested = []\nfor _ in range(300):\n    nested = [nested]\nnested = {{'x': nested}}\nreturn {reply}"
    with docker_sandbox.serve(replying(body), limits=LIMITS) as served:
        exchange = served.ask("x")
        assert served.ended is None
    if word is None:
        assert exchange.reply == {"text": "\ufffd" * 10}
    else:
        assert exchange.reply is None
        assert word in (exchange.fault or "")


def test_an_answer_before_the_question_is_found_out(docker_sandbox: DockerSandbox) -> None:
    tree = assistant(
        """
        import gc, json
        class Assistant:
            def reply(self, request): return {"text": "honest"}
        def open_assistant(root):
            for each in gc.get_objects():
                if type(each).__name__ == "Channel":
                    each.send("loaded")
                    each.send("reply", id=1, reply='{"text": "forged"}')
            return Assistant()
        """
    )
    with docker_sandbox.serve(tree, limits=LIMITS) as served:
        first, second = served.ask("x"), served.ask("y")
    assert served.ended is RunEnd.tampered
    assert second.reply is None
    assert first.reply in (None, {"text": "forged"})  # of its own tree it may say what it likes
