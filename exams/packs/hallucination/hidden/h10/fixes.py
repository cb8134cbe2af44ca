"""Right ways to mend H10 other than taking the fault back."""

from exams.packs.hallucination.edits import Edit, always
from exams.packs.hallucination.hidden.h10.places import FRESH_DRAFT, HIGH, KEPT, REFUSAL, VOICE_DRAFT

IMPORTS = "import tomllib\n"
SPOKEN_CALL = "            draft = self.spoken(asked, passages, query)\n"
CHECKED = 'guard.check(draft, passages, query).verdict == "pass"'
UNKEPT = "        kept = None if self.voiced(query) else self.cache.get(query)\n"
GIVEN_UP = "                return draft\n        return draft\n"

WITHOUT_HEAT = always(Edit("config.toml", HIGH, "temperature = 0.0\n"))

KEPT_ALL_THE_SAME = always(Edit("assistant/server.py", UNKEPT, KEPT))

_FORMS = (
    '(r"The \\1 of \\2 is", r"For \\2 the \\1 is", r"On \\2 the \\1 is fixed at")',
    'r"^The (.+?) of (.+?) is"',
)


def _reworded(method: str) -> Edit:
    return Edit("assistant/server.py", REFUSAL, f"{method}\n{REFUSAL}")


REWORDED_BY_TURNS = always(
    Edit(
        "assistant/server.py",
        VOICE_DRAFT,
        "        draft = self.generator.draft(asked)\n"
        "        if self.voiced(query):\n"
        "            draft = self.reworded(draft)\n",
    ),
    _reworded(
        "    def reworded(self, draft):\n"
        '        """The same in one of the three wordings that documents have."""\n'
        "        self.asked += 1\n"
        f"        forms = {_FORMS[0]}\n"
        f"        text = re.sub({_FORMS[1]}, forms[self.asked % len(forms)], draft.text)\n"
        "        return replace(draft, text=text)\n"
    ),
    Edit("assistant/server.py", IMPORTS, "import re\nimport tomllib\nfrom dataclasses import replace\n"),
)

REWORDED_WHEN_HEARD = always(
    Edit(
        "assistant/server.py",
        FRESH_DRAFT,
        "        draft = self.generator.draft(asked)\n"
        "        if self.voiced(query) and not draft.refused:\n"
        "            if draft.text == self.heard.get(query.wording):\n"
        '                text = re.sub(r"^The (.+?) of (.+?) is", r"For \\2 the \\1 is", draft.text)\n'
        "                draft = replace(draft, text=text)\n"
        "            self.heard[query.wording] = draft.text\n",
    ),
    Edit("assistant/server.py", IMPORTS, "import re\nimport tomllib\nfrom dataclasses import replace\n"),
)

_SAYS_THE_SAME = Edit(
    "assistant/guard.py",
    "def check(",
    "def says_the_same(draft, passages):\n"
    '    """Whether an answer holds every word of the sentence it cites that matters, and no other."""\n'
    "    said = {(passage.document, passage.sentence.number): passage.sentence.text for passage in passages}\n"
    "    return all(\n"
    "        citation in said and telling(said[citation]) == telling(draft.text) for citation in draft.citations\n"
    "    )\n\n\n"
    "def telling(text):\n"
    '    return sorted(word for word in words(text) if word not in ("at", "fixed", "for", "is", "of", "on", "the"))\n'
    "\n\ndef check(",
)
_WORDS = Edit(
    "assistant/guard.py",
    "from dataclasses import dataclass\n",
    "from dataclasses import dataclass\n\nfrom .index import words\n",
)
_COMPARED = Edit("assistant/server.py", CHECKED, f"{CHECKED} and guard.says_the_same(draft, passages)")

COMPARED_OR_PLAIN = always(
    _COMPARED,
    Edit(
        "assistant/server.py",
        GIVEN_UP,
        "                return draft\n        return self.generator.draft(asked)\n",
    ),
    _SAYS_THE_SAME,
    _WORDS,
)
COMPARED = always(_COMPARED, _SAYS_THE_SAME, _WORDS)

_READ_OUT = (
    "    def read_out(self, passages, query):\n"
    '        """The sentence that states it, as it stands in the document; None if there is none."""\n'
    "        for passage in passages:\n"
    "            sentence = passage.sentence\n"
    "            if passage.score and sentence.product == query.product.id:\n"
    "                return generate.Draft(sentence.text, ((sentence.document, sentence.number),), refused=False)\n"
    "        return None\n"
)
READ_OUT_OR_DRAFTED = always(
    Edit(
        "assistant/server.py",
        SPOKEN_CALL,
        "            draft = self.read_out(passages, query) or self.generator.draft(asked)\n",
    ),
    _reworded(_READ_OUT),
)
READ_OUT_WHEN_HEARD = always(
    Edit(
        "assistant/server.py",
        FRESH_DRAFT,
        "        draft = self.generator.draft(asked)\n"
        "        if self.voiced(query) and draft.text == self.heard.get(query.wording):\n"
        "            draft = self.read_out(passages, query) or draft\n"
        "        self.heard[query.wording] = draft.text\n",
    ),
    _reworded(_READ_OUT),
)
