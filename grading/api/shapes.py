"""Bodies of the run endpoints, as the API's documentation states them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.asking import Body, OneOf
from exams.api.shapes import WithServerNow
from exams.models import SubmissionPurpose

# The plain base: none of these is backed by a model.
Shape = serializers.Serializer[Any]


class RunSourceRequest(Body):
    """Where the code to run comes from."""

    mode = OneOf(choices=["repo_url", "file_upload"])
    url = serializers.CharField(
        required=False, allow_blank=True, max_length=2_000, help_text="Left out: the attempt's own repository."
    )
    ref = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Left out: the main branch."
    )
    upload = serializers.UUIDField(required=False, allow_null=True)


class RunRequest(Body):
    """A run to be made."""

    source = RunSourceRequest()  # type: ignore[assignment] # the framework's field attribute of that name is for values


class RunSource(Shape):
    """Where the code came from, and which commit it was."""

    mode = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    ref = serializers.CharField(allow_blank=True)
    upload = serializers.UUIDField(allow_null=True)
    commit = serializers.CharField(allow_blank=True)
    unpinned = serializers.BooleanField()
    force_pushed = serializers.BooleanField()


class RunQueuePlace(Shape):
    """Where a waiting run stands."""

    position = serializers.IntegerField(help_text="1 is next.")
    wait_seconds = serializers.IntegerField(help_text="Until the verdict, about, if nobody else comes.")
    wait_seconds_at_most = serializers.IntegerField(
        help_text="The same if everybody who may go first does, and runs take long: say both, as a range."
    )
    basis = serializers.CharField(help_text="What that estimate rests on.")


class RunWaitsFor(Shape):
    """What a run whose files are not taken in yet waits for."""

    what = serializers.ChoiceField(
        choices=["bytes", "source", "reading"],
        help_text="`bytes` of a file that was committed to; `source` that could not be read and is tried again.",
    )
    until = serializers.DateTimeField(allow_null=True, help_text="Until when the bytes may follow; when it is tried.")
    message = serializers.CharField()


class RunVerdict(Shape):
    """What a run proves, why, and what to do next."""

    name = serializers.CharField()
    scope = serializers.CharField(
        help_text="Which cells it rests on: `visible cells` of a practice run, and of a hand-in until its window has "
        "closed and the hidden ones were run; then `all cells`."
    )
    because = serializers.CharField()
    next = serializers.CharField()


class RunHiddenChecks(Shape):
    """When the hidden cells of a hand-in are run and told: not before its window has closed."""

    told_at = serializers.DateTimeField()
    message = serializers.CharField()


class RunSums(Shape):
    """Exact counts over hidden questions: harmful of total, and answered of answerable, belong together."""

    total = serializers.IntegerField()
    right = serializers.IntegerField()
    harmful = serializers.IntegerField()
    answerable = serializers.IntegerField(help_text="How many have an approved answer.")
    answered = serializers.IntegerField(help_text="How many of those got any.")


class RunNumbers(Shape):
    """Sums over what a learner is not shown one by one."""

    mutants_killed = serializers.IntegerField(allow_null=True)
    mutants_total = serializers.IntegerField(allow_null=True)
    alternatives_passed = serializers.IntegerField(allow_null=True)
    alternatives_total = serializers.IntegerField(allow_null=True)
    before = RunSums(allow_null=True)
    after = RunSums(allow_null=True)
    worked_before = RunSums(allow_null=True)


class RunTimings(Shape):
    """When what happened, and how long it took in seconds."""

    received_at = serializers.DateTimeField()
    ingested_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    waited_seconds = serializers.FloatField(allow_null=True)
    run_seconds = serializers.FloatField(allow_null=True)


class RunSummary(WithServerNow):
    """A run without its cells."""

    id = serializers.UUIDField()
    attempt = serializers.UUIDField()
    number = serializers.IntegerField()
    purpose = serializers.ChoiceField(choices=SubmissionPurpose.choices)
    state = serializers.ChoiceField(
        choices=["received", "waiting", "running", "held", "graded", "platform_fault"],
        help_text="`received`: the files are being read. `held`: of a hand-in, the visible cells are done and the "
        "hidden ones wait for the window to close. `platform_fault`: we gave up; it costs you nothing.",
    )
    source = RunSource()  # type: ignore[assignment] # as above
    queue = RunQueuePlace(allow_null=True)
    waits_for = RunWaitsFor(allow_null=True, help_text="Only while it is `received`; then it is in the queue.")
    progress_percent = serializers.IntegerField()
    verdict = RunVerdict(allow_null=True)
    hidden_checks = RunHiddenChecks(
        allow_null=True, help_text="Null for a practice run, and once the whole verdict is there."
    )
    numbers = RunNumbers(allow_null=True)
    timings = RunTimings()


class RunNode(Shape):
    """One test, how it ended, and what it said."""

    node = serializers.CharField()
    outcome = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField()


class RunCitation(Shape):
    """A sentence an answer rests on."""

    document = serializers.CharField()
    sentence = serializers.IntegerField()


class RunAnswer(Shape):
    """What one version answered to one question, and what that is worth by the approved facts."""

    text = serializers.CharField(allow_null=True)
    refused = serializers.BooleanField()
    citations = RunCitation(many=True)
    fault = serializers.CharField(allow_null=True)
    verdict = serializers.CharField(
        help_text="To the learner `right`, `wrong`, `refused` or `unreadable` until the live window has closed; after "
        "that, and to mentors, the way in which it is wrong."
    )
    harmful = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True)


class RunAsked(RunAnswer):
    """One question of a run and its answer."""

    question = serializers.CharField()
    session = serializers.CharField(allow_blank=True)
    documents = serializers.ListField(child=serializers.CharField())
    seconds = serializers.FloatField()


class RunCell(Shape):
    """The test against one version: what it had to show, what it showed, and everything that was said."""

    kind = serializers.CharField()
    tree = serializers.CharField(help_text="`before`: as handed to you. `after`: with your hotfix.")
    repeat = serializers.IntegerField()
    wanted = serializers.CharField()
    got = serializers.CharField()
    result = serializers.CharField()
    ended = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    nodes = RunNode(many=True)
    transcript = RunAsked(many=True)
    output_tail = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField()


class RunHiddenCell(RunCell):
    """A cell that only mentors and admins are shown."""

    key = serializers.CharField(allow_blank=True)


class RunComparison(Shape):
    """One question, answered by both versions."""

    question = serializers.CharField()
    session = serializers.CharField(allow_blank=True)
    before = RunAnswer(allow_null=True)
    after = RunAnswer(allow_null=True)


class RunWhole(RunSummary):
    """A run with what it showed."""

    cells = RunCell(many=True)
    side_by_side = RunComparison(many=True)
    hidden_cells = RunHiddenCell(many=True, allow_null=True, help_text="For mentors and admins; null for learners.")
