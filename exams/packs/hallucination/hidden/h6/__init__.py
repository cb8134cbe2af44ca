"""H6, guard bypassed by rendering: answers are dressed up before the guard looks, whose pattern sees no number then."""

from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import (
    HARM,
    RIGHT,
    RULING,
    TEXT,
    WRONG,
    near,
    touches,
)
from exams.packs.hallucination.hidden.superficial import FIRST_RULE

NOTHING_CLAIMED = "    if not claims:\n"
READ = "        return read(completion)\n"
DRAWN = "class Generator:\n"
GENERATE_IMPORT = "import re\nfrom dataclasses import dataclass\n\nREFUSAL"
TAG = 'TAG = re.compile(r"\\[(doc-\\d+):(\\d+)\\]\\s*")\n'
SHOWN = '    shown = " ".join(text.split())\n'
HEAD = '"""How an answer looks when a customer sees it."""\n\n'
PRESENT = "\ndef present(text):\n"

# --- Right -----------------------------------------------------------------------------------------------------------

READS_THROUGH = always(
    Edit("assistant/guard.py", "import re\nfrom dataclasses", "import re\nimport unicodedata\nfrom dataclasses"),
    Edit(
        "assistant/guard.py",
        FIRST_RULE,
        '    plain = unicodedata.normalize("NFKC", draft.text).replace("*", "")\n'
        '    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")\n'
        "    claims = set(CLAIM.findall(plain))\n",
    ),
)

LOOSE_PATTERN = always(
    Edit("assistant/guard.py", r"(?:\.[0-9]+)?) (?:%|[A-Za-z]+)", r"(?:\.[0-9]+)?)\W*(?:%|[A-Za-z]+)")
)

AS_SHOWN = always(
    Edit(
        "assistant/server.py",
        RULING,
        "        shown = generate.Draft(render.present(draft.text), draft.citations, draft.refused)\n"
        "        ruling = guard.check(shown, passages, query)\n",
    )
)

ALTERNATIVES: dict[str, Change] = {
    **RIGHT,
    "reads_through": READS_THROUGH,
    "loose_pattern": LOOSE_PATTERN,
    "as_shown": AS_SHOWN,
}

# --- Wrong -----------------------------------------------------------------------------------------------------------

NO_CLAIM_NO_NUMBER = always(
    Edit(
        "assistant/guard.py",
        NOTHING_CLAIMED,
        "    if not claims and any(map(str.isdigit, draft.text)):\n"
        '        return Ruling("block", "holds a number that is no claim")\n' + NOTHING_CLAIMED,
    )
)

DOCUMENTS_READ_THROUGH = always(
    Edit("assistant/guard.py", "import re\nfrom dataclasses", "import re\nimport unicodedata\nfrom dataclasses"),
    Edit(
        "assistant/guard.py",
        "claims - set(CLAIM.findall(sentence.text))",
        'claims - set(CLAIM.findall(unicodedata.normalize("NFKC", sentence.text)))',
    ),
)

PLAIN_AT_THE_END = always(
    Edit(
        "assistant/server.py",
        TEXT,
        '            "text": render.present(draft.text.replace("*", "").replace("\\u00a0", " ")),\n',
    )
)

MUTANTS: dict[str, Change] = {
    **WRONG,
    "no_claim_no_number": NO_CLAIM_NO_NUMBER,
    "documents_read_through": DOCUMENTS_READ_THROUGH,
    "plain_at_the_end": PLAIN_AT_THE_END,
}

# --- Faults ----------------------------------------------------------------------------------------------------------

KEPT_TOGETHER = Fault(
    name="kept_together",
    component="generate",
    mechanism=(
        "a number and its unit are joined by a no-break space before the guard looks, whose pattern wants a plain "
        "one; what customers see is plain again"
    ),
    subjects=(
        "Keep a number and its unit on one line",
        "Typeset amounts so that no line can break inside them",
        "Stop amounts from breaking over two lines",
    ),
    edits=(
        Edit("assistant/generate.py", GENERATE_IMPORT, GENERATE_IMPORT.replace("dataclass\n", "dataclass, replace\n")),
        Edit("assistant/generate.py", TAG, TAG + 'BEFORE_UNIT = re.compile(r"(?<=[0-9]) (?=[A-Za-z%])")\n'),
        Edit(
            "assistant/generate.py",
            DRAWN,
            "def typeset(draft):\n"
            '    """No line breaks between a number and its unit."""\n'
            '    return replace(draft, text=BEFORE_UNIT.sub("\\N{NO-BREAK SPACE}", draft.text))\n\n\n' + DRAWN,
        ),
        Edit("assistant/generate.py", READ, "        return typeset(read(completion))\n"),
    ),
    alternatives=ALTERNATIVES,
    mutants={},
)

IN_BOLD = Fault(
    name="in_bold",
    component="server",
    mechanism=(
        "values are set in bold for mail before the guard looks, and its pattern knows no asterisks; the chat's text "
        "is plain again"
    ),
    subjects=(
        "Give mail its answers in markdown, with the value in bold",
        "Offer answers in markdown, for the channels that read it",
        "Show values in bold where a channel can",
    ),
    edits=(
        Edit("assistant/server.py", "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
        Edit(
            "assistant/server.py",
            RULING,
            "        draft = replace(draft, text=render.emphasised(draft.text))\n" + RULING,
        ),
        Edit(
            "assistant/server.py",
            '            "refused": draft.refused,\n',
            '            "markdown": draft.text,\n            "refused": draft.refused,\n',
        ),
        Edit(
            "assistant/render.py",
            HEAD + PRESENT,
            f"{HEAD}import re\n\n"
            'VALUE = re.compile(r"\\b[0-9]+(?:\\.[0-9]+)?\\b")\n\n\n'
            "def emphasised(text):\n"
            '    """The value in bold, for channels that read markdown."""\n'
            '    return VALUE.sub(r"**\\g<0>**", text)\n\n' + PRESENT,
        ),
        Edit("assistant/render.py", SHOWN, SHOWN.replace("text.split()", 'text.replace("**", "").split()')),
    ),
    alternatives={
        **ALTERNATIVES,
        "bold_with_unit": always(
            Edit(
                "assistant/render.py",
                '[0-9]+(?:\\.[0-9]+)?\\b")',
                '[0-9]+(?:\\.[0-9]+)? (?:%|[A-Za-z]+)")',
            )
        ),
    },
    mutants={},
)

ISOLATED = Fault(
    name="isolated",
    component="generate",
    mechanism=(
        "numbers are put between invisible marks of direction before the guard looks, whose pattern wants a space "
        "after the digits; what customers see is plain again"
    ),
    subjects=(
        "Show numbers in order on pages that read from right to left",
        "Isolate numbers for the pages in Arabic and Hebrew",
        "Keep numbers readable among words of another direction",
    ),
    earlier=Earlier(
        ("Keep invisible characters out of the chat", "Strip what cannot be seen: a copied value did not paste"),
        (
            Edit("assistant/render.py", HEAD + PRESENT, f"{HEAD}import unicodedata\n\n{PRESENT}"),
            Edit(
                "assistant/render.py",
                SHOWN,
                '    visible = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")\n'
                + SHOWN.replace("text.", "visible."),
            ),
        ),
    ),
    edits=(
        Edit("assistant/generate.py", GENERATE_IMPORT, GENERATE_IMPORT.replace("dataclass\n", "dataclass, replace\n")),
        Edit("assistant/generate.py", TAG, TAG + 'VALUE = re.compile(r"\\b[0-9]+(?:\\.[0-9]+)?\\b")\n'),
        Edit(
            "assistant/generate.py",
            DRAWN,
            "def isolated(draft):\n"
            '    """Its numbers between isolates, so that text of either direction shows them in order."""\n'
            '    return replace(draft, text=VALUE.sub("\\u2068\\\\g<0>\\u2069", draft.text))\n\n\n' + DRAWN,
        ),
        Edit("assistant/generate.py", READ, "        return isolated(read(completion))\n"),
    ),
    alternatives=ALTERNATIVES,
    mutants={},
)

H6 = FailureClass(
    key="H6",
    title="Guard bypassed by rendering",
    scope=(
        "Only questions about an attribute that is not approved for the product while its family's schedule states it "
        "for siblings. The guard says of every other answer, too, that it claims nothing, although it holds a number; "
        "those are right."
    ),
    touches=touches,
    near=near,
    harm=HARM,
    affected=6,
    rivals={
        "H8": "the guard says of all answers with numbers, right ones too, that they claim nothing",
        "H14": "the guard ran to its end on every answer and nothing was caught or left out; it saw no number in them",
        "H4": "the prompts keep the grounding clause, and the values are a sibling's, with its sentence cited",
        "H1": "products are asked for and named rightly, and every product that has the value gets its own",
    },
    faults=(KEPT_TOGETHER, IN_BOLD, ISOLATED),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
