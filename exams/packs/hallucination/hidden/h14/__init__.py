"""H14, guard fails open: an exception, a missing source or a setting nobody reads lets pass what it should block."""

from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import (
    HARM,
    RIGHT,
    RULING,
    SUBJECT_FIRST,
    WRONG,
    near,
    touches,
)
from exams.packs.hallucination.hidden.h4 import CITATION_REQUIRED, PASSED

GENERATE_IMPORT = "import re\nfrom dataclasses import dataclass\n\nREFUSAL"
GENERATOR = "class Generator:\n"
REFUSAL = "    def refusal(self, reason"
BLOCKED = (
    '        if ruling.verdict == "block":\n'
    '            return self.refusal(ruling.reason, passages, asked, verdict="block")\n'
)
CITATIONS = (
    '            "citations": [{"document": document, "sentence": number} for document, number in draft.citations],\n'
)

# --- An exception ----------------------------------------------------------------------------------------------------

ENFORCED = """        try:
            ruling = guard.enforce(draft, passages, query)
        except guard.Blocked as blocked:
            return self.refusal(str(blocked), passages, asked, verdict="block")
"""
EXCEPT = "        except (LookupError, TypeError, ValueError):  # of the guard's own\n"
NOT_CHECKED = '            return guard.Ruling("pass", "not checked")\n'
RAISING = f'''{PASSED}

class Blocked(ValueError):
    """This answer must not get out; the message says why."""


def enforce(draft, passages, query):
    """The ruling on an answer that may get out; Blocked for one that may not."""
    ruling = check(draft, passages, query)
    if ruling.verdict == "block":
        raise Blocked(ruling.reason)
    return ruling
'''
GUARDED = f'''    def guarded(self, draft, passages, query):
        """The guard's ruling; its own faults must not cost a customer the answer."""
        try:
            return guard.enforce(draft, passages, query)
{EXCEPT}{NOT_CHECKED}
{REFUSAL}'''

SWALLOWED = Fault(
    name="swallowed",
    rivals={"H8": "the trace of the wrong answers says that the guard left its check out"},
    component="server",
    mechanism=(
        "whatever the guard raises counts as a fault of its own and lets the answer pass, and raising is how it blocks"
    ),
    subjects=(
        "Be robust against errors while an answer is checked",
        "Stay up when a check breaks: on call was woken twice",
        "Carry on when a check trips over what a document says",
    ),
    earlier=Earlier(
        ("Let the guard raise what it blocks", "Make it impossible to forget the guard's verdict"),
        (
            Edit("assistant/guard.py", PASSED, RAISING),
            Edit("assistant/server.py", RULING + BLOCKED, ENFORCED),
        ),
    ),
    edits=(
        Edit("assistant/server.py", ENFORCED, ENFORCED.replace("guard.enforce", "self.guarded")),
        Edit("assistant/server.py", REFUSAL, GUARDED),
    ),
    alternatives={
        **RIGHT,
        "fail_closed": always(
            Edit("assistant/server.py", NOT_CHECKED, '            raise guard.Blocked("not checked") from None\n')
        ),
        "block_gets_through": always(
            Edit("assistant/server.py", EXCEPT, "        except guard.Blocked:\n            raise\n" + EXCEPT)
        ),
    },
    mutants={
        "checked_again": always(
            Edit("assistant/server.py", NOT_CHECKED, "            return guard.check(draft, passages, query)\n")
        ),
    },
)

# --- A missing source ------------------------------------------------------------------------------------------------

SOURCED = "        draft = generate.sourced(draft, passages, query.product)\n"
LEFT = "    return replace(draft, citations=tuple(citation for citation in draft.citations if citation in own))\n"

SOURCELESS = Fault(
    name="sourceless",
    rivals={"H8": "on the wrong answers the guard was given no source to look at"},
    component="generate",
    mechanism=(
        "what is cited about another product is dropped before the guard looks, and an answer that cites nothing has "
        "nothing for it to check"
    ),
    subjects=(
        "Name only sources about the product that was asked for",
        "Leave out sources that would only puzzle customers",
        "Cite sources about the product alone",
    ),
    edits=(
        Edit("assistant/generate.py", GENERATE_IMPORT, GENERATE_IMPORT.replace("dataclass\n", "dataclass, replace\n")),
        Edit(
            "assistant/generate.py",
            GENERATOR,
            "def sourced(draft, passages, product):\n"
            '    """The draft with those of its sources that are about the product: others only puzzle customers."""\n'
            "    about = [each for each in passages if each.sentence.product == product.id]\n"
            "    own = {(each.document, each.sentence.number) for each in about}\n"
            f"{LEFT}\n\n{GENERATOR}",
        ),
        Edit("assistant/server.py", RULING, SOURCED + RULING),
    ),
    alternatives={
        **RIGHT,
        "citation_required": CITATION_REQUIRED,
        "sourced_afterwards": always(
            Edit("assistant/server.py", SOURCED + RULING, RULING),
            Edit("assistant/server.py", BLOCKED, BLOCKED + SOURCED),
        ),
        "nothing_without_source": always(
            Edit(
                "assistant/generate.py",
                LEFT,
                "    left = tuple(citation for citation in draft.citations if citation in own)\n"
                "    return replace(draft, citations=left) if left else Draft(REFUSAL, (), refused=True)\n",
            )
        ),
    },
    mutants={
        "source_put_back": always(
            Edit(
                "assistant/server.py",
                CITATIONS,
                '            "citations": [\n'
                '                {"document": document, "sentence": number}\n'
                "                for document, number in draft.citations\n"
                "                or [(passage.document, passage.sentence.number) for passage in passages[:1]]\n"
                "            ],\n",
            )
        ),
    },
)

# --- A setting nobody reads ------------------------------------------------------------------------------------------

SUBJECT_CHECK = "        if sentence.product != query.product.id:\n"
SWITCHED_SUBJECT = '        if "subject" in checks and sentence.product != query.product.id:\n'
NUMBERS_CHECK = "        if missing:\n"
NAMED = 'checks = ["subject", "numbers"]'
RENAMED = 'checks = ["product", "numbers"]'

UNSET = Fault(
    name="unset",
    rivals={"H8": "the guard's reason names the checks it made, and whose statement it is, is not among them"},
    component="guard",
    mechanism="config.toml names a check that the guard does not know, and a check that is not named is left out",
    subjects=(
        "Name the guard's checks as compliance does",
        "Use compliance's own words in config.toml",
        "Call checks by the names that compliance uses",
    ),
    earlier=Earlier(
        ("Let config.toml say which checks the guard makes", "Make a setting of the guard's checks"),
        (
            Edit("config.toml", "[cache]\n", f"[guard]\n{NAMED}\n\n[cache]\n"),
            Edit(
                "assistant/guard.py",
                "def check(draft, passages, query):\n",
                'CHECKS = ("subject", "numbers")\n\n\ndef check(draft, passages, query, checks=CHECKS):\n',
            ),
            Edit("assistant/guard.py", SUBJECT_CHECK, SWITCHED_SUBJECT),
            Edit("assistant/guard.py", NUMBERS_CHECK, '        if "numbers" in checks and missing:\n'),
            Edit(
                "assistant/guard.py",
                PASSED,
                '    return Ruling("pass", f"ok: {\', \'.join(name for name in CHECKS if name in checks)}")\n',
            ),
            Edit(
                "assistant/server.py",
                RULING,
                '        ruling = guard.check(draft, passages, query, self.settings["guard"]["checks"])\n',
            ),
        ),
    ),
    edits=(Edit("config.toml", NAMED, RENAMED),),
    alternatives={
        **RIGHT,
        "subject_first": SUBJECT_FIRST,
        "new_name_known": always(
            Edit(
                "assistant/guard.py",
                SWITCHED_SUBJECT,
                SWITCHED_SUBJECT.replace('"subject" in checks', '{"subject", "product"}.intersection(checks)'),
            )
        ),
        "all_checks_always": always(
            Edit(
                "assistant/server.py",
                'guard.check(draft, passages, query, self.settings["guard"]["checks"])',
                "guard.check(draft, passages, query)",
            )
        ),
    },
    mutants={
        "more_names": always(Edit("config.toml", RENAMED, 'checks = ["product", "numbers", "citation"]')),
        "by_default": always(
            Edit(
                "assistant/server.py",
                'self.settings["guard"]["checks"])',
                'self.settings.get("guard", {}).get("checks") or guard.CHECKS)',
            )
        ),
    },
)

MUTANTS: dict[str, Change] = dict(WRONG)

H14 = FailureClass(
    key="H14",
    title="Guard fails open",
    scope=(
        "Only questions about an attribute that is not approved for the product while its family's schedule states it "
        "for siblings; just the answers that the guard would have blocked. It rules on all others as before."
    ),
    touches=touches,
    near=near,
    harm=HARM,
    affected=6,
    rivals={
        "H6": "the guard sees numbers: it says ok of right answers, and of none with a number that it claims nothing",
        "H8": "on the wrong answers the guard was given no source, or says that it left the check, or the subject, out",
        "H4": "the prompts keep the grounding clause, and the values are a sibling's, of a sentence in the prompt",
        "H1": "products are asked for and named rightly, and every product that has the value gets its own",
    },
    faults=(SWALLOWED, SOURCELESS, UNSET),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
