"""What judgement refuses, as named facts; the table in config/problems.py gives each its HTTP status."""

from exams.errors import Refusal


class AlreadyClaimed(Refusal):
    """Another mentor holds this review."""


class OwnAttempt(Refusal):
    """Nobody reviews what they sat themselves."""


class Conflicted(Refusal):
    """The mentor and the learner are marked as a conflict of interest."""


class TooManyClaims(Refusal):
    """The mentor already holds as many open reviews as one mentor may."""


class NotYours(Refusal):
    """Only the mentor who holds the claim may do this."""


class ClaimRanOut(Refusal):
    """The time from claim to sign-off is over; the review went back to the queue with its draft."""


class AlreadySignedOff(Refusal):
    """A signed review is frozen."""


class NotAStep(Refusal):
    """The score is not a multiple of 0.05 between 0 and 1."""


class SaysNothing(Refusal):
    """A score needs a comment or at least one piece of cited evidence."""


class UnknownEvidence(Refusal):
    """The cited evidence is not part of this attempt."""


class UnknownDimension(Refusal):
    """The rubric of this review has no such dimension."""


class NotAllScored(Refusal):
    """A sign-off, and any assertion, needs every dimension scored."""


class WorkChanged(Refusal):
    """A late write was let count after the scores were given, or what counts now is still being graded."""


class NotConfirmed(Refusal):
    """Signing off is one deliberate act."""


class NotPassing(Refusal):
    """Skills are asserted on a passing review only."""


class OverCeiling(Refusal):
    """The weight of an assertion is above the ceiling of that skill."""


class SkillNotOnOffer(Refusal):
    """The twin does not offer this skill."""


class AppealsNotOffered(Refusal):
    """The twin that the attempt sat knows no appeal."""


class AlreadyAppealed(Refusal):
    """An attempt is appealed once."""


class AppealWindowClosed(Refusal):
    """The time to appeal, counted from the sign-off, is over."""


class AppealNeedsReason(Refusal):
    """An appeal says what was judged wrongly, within a length that a mentor reads."""


class AppealNotConfirmed(Refusal):
    """Appealing is one deliberate act: the new scores stand, higher or lower."""


class HeldTheFirst(Refusal):
    """Whoever held the first review of an attempt does not hear its appeal."""


class NotAMentor(Refusal):
    """Only mentors review."""
