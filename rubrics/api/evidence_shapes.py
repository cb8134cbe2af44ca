"""The evidence as the interface describes it. What is sent is what `grading.evidence.collect` gives, key for key."""

from __future__ import annotations

from rest_framework import serializers

from exams.models import Source
from grading.claims_told import Kind
from rubrics.api.effect_shapes import EffectOut
from rubrics.api.figure_shapes import Cite, Of, Shape

# --- What really happened ---------------------------------------------------------------------------------------------


class MomentOut(Shape):
    """A moment on the server's clock and by the incident's own dates; they meet at the opening."""

    at = serializers.DateTimeField()
    in_incident = serializers.DateTimeField(allow_null=True)
    seconds_after_opening = serializers.FloatField()
    known_from = serializers.ChoiceField(choices=["ledger", "telemetry", "truth"])
    cites = Cite(many=True)


class HappenedOut(MomentOut):
    """An event of the incident; `key` are those a timeline should tell."""

    id = serializers.CharField()
    what = serializers.CharField()
    key = serializers.BooleanField()


class HarmOut(Shape):
    """Harmful answers, and the conversations in which they were given; null where that is not known."""

    answers = serializers.IntegerField(allow_null=True)
    sessions = serializers.IntegerField(allow_null=True)


class BlastRadiusOut(Shape):
    """The blast radius in its parts."""

    before_opening = HarmOut()
    while_live = HarmOut()
    until_mitigation = HarmOut()
    total = HarmOut()


class GroundTruthOut(Shape):
    """What the platform itself knows; a moment is null if it never came."""

    deployed = MomentOut(allow_null=True)
    onset = MomentOut(allow_null=True)
    first_harmful = MomentOut(allow_null=True)
    opened = MomentOut()
    first_harmful_live = MomentOut(allow_null=True)
    detected = MomentOut(allow_null=True)
    first_repro = MomentOut(allow_null=True)
    confirmed = MomentOut(allow_null=True)
    mitigated = MomentOut(allow_null=True)
    fixed = MomentOut(allow_null=True)
    latent_seconds = serializers.FloatField(allow_null=True)
    blast_radius = BlastRadiusOut()
    known_until = serializers.DateTimeField(allow_null=True)
    events = HappenedOut(many=True)


# --- What was written and told ----------------------------------------------------------------------------------------


class ClaimOut(Shape):
    """A claim in an update, and how it stands to telemetry at that minute."""

    claim = serializers.ChoiceField(
        choices=[each.value for each in Kind], help_text="unread: it may be one, and the mentor has to read it."
    )
    sentence = serializers.CharField()
    number = serializers.FloatField(allow_null=True)
    bound = serializers.CharField(allow_blank=True)
    when = serializers.ChoiceField(choices=["now", "before_the_fix", "earlier"], help_text="Of which time it tells.")
    standing = serializers.ChoiceField(choices=["consistent", "contradicted", "not_checkable"])
    why = serializers.CharField()
    telemetry = serializers.DictField(allow_null=True)
    in_update = serializers.IntegerField()
    at = serializers.DateTimeField()
    corrected_by = serializers.DictField(
        allow_null=True,
        required=False,
        help_text="The later update with the right figure: `update`, `at`, `sentence`; missing in older evidence.",
    )
    cites = Cite(many=True)


class UpdatesOut(Shape):
    """Status updates and what is measured of them."""

    posted = serializers.ListField(child=serializers.DictField())
    silences = serializers.ListField(child=serializers.DictField())
    longest_silence = serializers.DictField(allow_null=True)
    promises = serializers.ListField(child=serializers.DictField())
    promises_kept = serializers.DictField(allow_null=True)
    said = serializers.DictField(allow_null=True, help_text="How many say impact, action and the next update.")
    claims = ClaimOut(many=True)
    asked_in_the_room = serializers.ListField(child=serializers.DictField())


class TimelineOut(Shape):
    """The post-mortem's timeline held against the record."""

    entries = serializers.IntegerField()
    read_as = serializers.DictField(help_text="By which clocks and in which zones its times are read.")
    precision = Of(help_text="Entries that the record bears out, of those that are read.")
    recall = Of(help_text="Key events that are told.")
    recall_at_most = Of(help_text="With the missing ones that an unread entry near them may tell.")
    mean_error_seconds = serializers.FloatField(allow_null=True)
    pairs = serializers.ListField(child=serializers.DictField())
    borne_out = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Entries without a pair that count in `precision`, each with `why`; not in what was kept before.",
    )
    inversions = serializers.ListField(child=serializers.DictField())
    invented = serializers.ListField(
        child=serializers.DictField(), help_text="Entries that say something was done which the record would have."
    )
    unread = serializers.ListField(
        child=serializers.DictField(), help_text="Entries that count neither way, each with `near` and `why`."
    )
    missing = serializers.ListField(child=serializers.DictField())


class PostmortemOut(Shape):
    """The post-mortem taken apart."""

    stage = serializers.CharField()
    deliverable = serializers.CharField()
    timeline = TimelineOut()
    blast_radius = serializers.DictField()
    latent_period = serializers.DictField()
    follow_ups = serializers.ListField(child=serializers.DictField())
    blame = serializers.ListField(child=serializers.DictField())
    cites = Cite(many=True)


class OpenedOut(Shape):
    """One source of the incident; that it was handed to the learner does not say that it was read."""

    what = serializers.ChoiceField(choices=Source.choices)
    says = serializers.CharField()
    first_at = serializers.DateTimeField(allow_null=True, help_text="Null if it never was.")
    seconds_after_start = serializers.FloatField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    times = serializers.IntegerField(help_text="At most one a minute is counted.")
    before_diagnosis = serializers.BooleanField(allow_null=True, help_text="The confirmed one; null if there is none.")
    before_deployment = serializers.BooleanField(allow_null=True, help_text="The first; null if there is none.")


# --- What is proposed -------------------------------------------------------------------------------------------------


class ConditionOut(Shape):
    """One condition of a band, with the figure as this attempt has it."""

    condition = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True, help_text="Null if that cannot be told.")
    figure = serializers.CharField()
    says = serializers.CharField()
    value = serializers.JSONField(allow_null=True, help_text="Yes or no, an exact number, the word never, or null.")
    why_none = serializers.CharField(allow_blank=True)
    cites = Cite(many=True)


class BandOut(Shape):
    """One band of the attempt's own version of the twin."""

    score = serializers.CharField()
    cap = serializers.BooleanField()
    holds = serializers.BooleanField(allow_null=True)
    asks = serializers.ListField(child=serializers.CharField())
    conditions = ConditionOut(many=True)


class OpenBandOut(Shape):
    """A band that would apply if the mentor sees what it asks, and what no figure was there for."""

    score = serializers.CharField()
    cap = serializers.BooleanField()
    asks = serializers.ListField(child=serializers.CharField())
    not_told_by_figures = serializers.ListField(child=serializers.CharField())


class ProposalOut(Shape):
    """What the figures propose for one dimension. It is entered nowhere: the mentor scores."""

    dimension = serializers.CharField()
    title = serializers.CharField()
    proposed = serializers.CharField(allow_null=True)
    if_you_see = OpenBandOut(many=True)
    bands = BandOut(many=True)


class EvidenceBody(Shape):
    """Everything the platform observed. What needs attention first stands first."""

    forced = serializers.ListField(child=serializers.DictField())
    attention = serializers.DictField()
    clock = serializers.DictField()
    times = serializers.DictField()
    verdict = serializers.DictField(allow_null=True)
    self_checks = serializers.ListField(child=serializers.DictField())
    diagnoses = serializers.ListField(child=serializers.DictField())
    truth = serializers.DictField()
    ground_truth = GroundTruthOut()
    opened = OpenedOut(many=True)
    updates = UpdatesOut()
    runs = serializers.ListField(child=serializers.DictField())
    effect = EffectOut(allow_null=True)
    hotfix = serializers.DictField(allow_null=True)
    documents = serializers.ListField(child=serializers.DictField())
    postmortem = PostmortemOut(allow_null=True)
    proposals = ProposalOut(many=True)
