"""H6+H9: round values lose their noughts, which for days only leads to refusals, until rendering blinds the guard."""

from exams.packs.hallucination import text
from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import ONLY_OWN, TEXT, WRONG
from exams.packs.hallucination.hidden.h6 import AS_SHOWN, IN_BOLD, KEPT_TOGETHER, READS_THROUGH
from exams.packs.hallucination.hidden.pairs import RETURNS, both, quote, taken_back
from exams.packs.hallucination.hidden.scopes import approved, conditional, unapproved_in_schedule
from exams.packs.hallucination.world import World

# --- Right, whichever half is where ----------------------------------------------------------------------------------

# The cited sentence goes out as it stands; where a sibling's would, the model sees none and refuses.
VERBATIM = both(
    always(
        Edit("assistant/server.py", TEXT, '            "text": render.present(self.verbatim(draft, passages)),\n'),
        Edit(
            "assistant/server.py",
            RETURNS,
            "    def verbatim(self, draft, passages):\n"
            '        """The sentence that is cited, not what became of its words on the way."""\n'
            "        said = {(each.document, each.sentence.number): each.sentence.text for each in passages}\n"
            "        return next((said[citation] for citation in draft.citations if citation in said), draft.text)\n\n"
            + RETURNS,
        ),
    ),
    ONLY_OWN,
)

# --- Noughts lost in the prompt --------------------------------------------------------------------------------------

TAGGED = """def tagged(passage):
    sentence = passage.sentence
    return f"[{sentence.document}:{sentence.number}] {sentence.text}"
"""
NOUGHTS = 'NOUGHTS = re.compile(r"(?<=[0-9])\\.?0+(?![0-9.])")\n'
AFTER_THE_POINT = 'NOUGHTS = re.compile(r"\\.0+(?![0-9])|(?<=\\.[0-9])0+(?![0-9])")\n'
STYLE = 'STYLE = "Be friendly and short."\n'
PROMPT_HEAD = '"""Lays out what the model is given: one instruction, the question, the tagged sentences."""\n\n'

SHORTER_PROMPT = (
    Edit("assistant/prompt.py", PROMPT_HEAD, f"{PROMPT_HEAD}import re\n\n"),
    Edit("assistant/prompt.py", STYLE, f"{STYLE}{NOUGHTS}"),
    Edit(
        "assistant/prompt.py",
        TAGGED,
        "def tagged(passage):\n"
        "    sentence = passage.sentence\n"
        '    said = NOUGHTS.sub("", sentence.text)  # 9.50 and 9.5 are one number\n'
        '    return f"[{sentence.document}:{sentence.number}] {said}"\n',
    ),
)
POINT_IN_PROMPT = always(Edit("assistant/prompt.py", NOUGHTS, AFTER_THE_POINT))

PROMPT_AND_SPACE = Fault(
    name="prompt_and_space",
    component="generate",
    mechanism=(
        "the prompt cuts the noughts off round values, and the guard, which used to refuse what came of that, does not "
        "see numbers that a no-break space joins to their unit"
    ),
    subjects=KEPT_TOGETHER.subjects,
    earlier=Earlier(
        ("Give the model numbers in their shortest form", "Write numbers in prompts the way the model was taught"),
        SHORTER_PROMPT,
        faulty=True,
    ),
    edits=KEPT_TOGETHER.edits,
    alternatives={
        "quote": quote(),
        "verbatim": VERBATIM,
        "point_read_through": both(POINT_IN_PROMPT, READS_THROUGH),
        "point_own_only": both(POINT_IN_PROMPT, ONLY_OWN),
    },
    mutants={
        "guard_alone": taken_back(*KEPT_TOGETHER.edits),
        "prompt_alone": taken_back(*SHORTER_PROMPT),
        "reads_through_alone": READS_THROUGH,
        "own_only_alone": ONLY_OWN,
        "point_alone": POINT_IN_PROMPT,
    },
)

# --- Noughts lost in the answer --------------------------------------------------------------------------------------

GENERATE_TAG = 'TAG = re.compile(r"\\[(doc-\\d+):(\\d+)\\]\\s*")\n'
READ = '    text = TAG.sub("", completion).strip()\n'

SHORTER_ANSWER = (
    Edit("assistant/generate.py", GENERATE_TAG, GENERATE_TAG + NOUGHTS),
    Edit(
        "assistant/generate.py",
        READ,
        '    text = NOUGHTS.sub("", TAG.sub("", completion)).strip()  # the style guide writes 9.5, not 9.50\n',
    ),
)
POINT_IN_ANSWER = always(Edit("assistant/generate.py", NOUGHTS, AFTER_THE_POINT))

ANSWER_AND_BOLD = Fault(
    name="answer_and_bold",
    component="server",
    mechanism=(
        "noughts are cut off the values of answers, and the guard, which used to refuse what came of that, does not "
        "see numbers in bold"
    ),
    subjects=IN_BOLD.subjects,
    earlier=Earlier(
        ("Write values as the style guide does", "Follow the style guide on decimals"), SHORTER_ANSWER, faulty=True
    ),
    edits=IN_BOLD.edits,
    alternatives={
        "quote": quote(),
        "verbatim": VERBATIM,
        "point_as_shown": both(POINT_IN_ANSWER, AS_SHOWN),
        "point_own_only": both(POINT_IN_ANSWER, ONLY_OWN),
    },
    mutants={
        "guard_alone": taken_back(*IN_BOLD.edits),
        "answer_alone": taken_back(*SHORTER_ANSWER),
        "as_shown_alone": AS_SHOWN,
        "own_only_alone": ONLY_OWN,
        "point_alone": POINT_IN_ANSWER,
    },
)

MUTANTS: dict[str, Change] = dict(WRONG)


def touches(world: World, asked: Asked) -> bool:
    """An approved value that ends in a nought; or nothing is approved, and the schedule states it for siblings."""
    fact = asked.fact(world)
    return unapproved_in_schedule(world, asked) or (fact is not None and text.number(fact.value).endswith("0"))


def near(world: World, asked: Asked) -> bool:
    """Any other approved value that holds on a condition."""
    return approved(world, asked) and conditional(world, asked) and not touches(world, asked)


H6_H9 = FailureClass(
    key="H6+H9",
    title="Round values lose their noughts, and rendering hides numbers from the guard",
    scope=(
        "Only approved values that end in a nought, which were refused for days before, and what is not approved for a "
        "product while its family's schedule states it for siblings. Every other value is given as before."
    ),
    touches=touches,
    near=near,
    harm=(10, 28),
    affected=10,
    rivals={
        "H6": "round values are given wrong as well, and were refused for days before the onset",
        "H9": "round values lost their noughts days before the onset, and the guard blocked them all until then",
        "H14": "the guard ran to its end and says of all answers with numbers, right ones too, that they claim nothing",
        "H8": "the guard says of all answers with numbers, right ones too, that they claim nothing",
    },
    faults=(PROMPT_AND_SPACE, ANSWER_AND_BOLD),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
