"""What no learner sees: faults, fixes right and wrong, and the author's tests, by failure class."""

from exams.packs.hallucination.edits import FailureClass
from exams.packs.hallucination.hidden.h1 import H1
from exams.packs.hallucination.hidden.h1_h8 import H1_H8
from exams.packs.hallucination.hidden.h2 import H2
from exams.packs.hallucination.hidden.h3 import H3
from exams.packs.hallucination.hidden.h4 import H4
from exams.packs.hallucination.hidden.h5 import H5
from exams.packs.hallucination.hidden.h6 import H6
from exams.packs.hallucination.hidden.h6_h9 import H6_H9
from exams.packs.hallucination.hidden.h7 import H7
from exams.packs.hallucination.hidden.h8 import H8
from exams.packs.hallucination.hidden.h9 import H9
from exams.packs.hallucination.hidden.h10 import H10
from exams.packs.hallucination.hidden.h11 import H11
from exams.packs.hallucination.hidden.h12 import H12
from exams.packs.hallucination.hidden.h12_h14 import H12_H14
from exams.packs.hallucination.hidden.h13 import H13
from exams.packs.hallucination.hidden.h14 import H14

CLASSES: dict[str, FailureClass] = {
    failure.key: failure
    for failure in (H1, H2, H3, H4, H5, H6, H7, H8, H9, H10, H11, H12, H13, H14, H1_H8, H6_H9, H12_H14)
}
