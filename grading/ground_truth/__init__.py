"""What really happened in an attempt, by the platform's own record: the moments, the blast radius, the key events.

Plain values only. The incident has two clocks: what the learner was handed is stamped with the incident's own dates,
and the live window runs on the server's. They meet at the opening, `opened_at` of the truth being the moment of the
start; a `Moment` carries both.

What a pack may say in its truth for this, all of it optional, stamps by the incident's own dates: `deployed_at`,
`onset_at` (if the fault waited for something), `first_wrong_at`, `opened_at`; `wrong_answers_before_opening` and
`customers_told_wrong`; `key_events`, each ``{"id", "what", "at"}``, with ``"key": false`` for one that a timeline may
leave out, and ``"or_at"``, a list, for other moments that are as good. Elsewhere in the evidence `files`, `component`,
`failure_class`, `title` and `rivals` are read, `also_right` (classes that name the cause as well, by the class they
stand for), `people` (whom blame is looked for by name), and `mutant_kinds` (the kind of each wrong fix, by name).
"""

from grading.ground_truth.clocks import Clocks, moment_of
from grading.ground_truth.establishing import establish
from grading.ground_truth.facts import Act, Acts, GroundTruth, Harm, KeyEvent, Moment
from grading.ground_truth.shown import as_json

__all__ = [
    "Act",
    "Acts",
    "Clocks",
    "GroundTruth",
    "Harm",
    "KeyEvent",
    "Moment",
    "as_json",
    "establish",
    "moment_of",
]
