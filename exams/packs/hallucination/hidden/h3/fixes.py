"""Right ways to mend H3 other than taking the fault back, and what is left of them when they are made for few."""

from exams.packs.hallucination.edits import Edit, always
from exams.packs.hallucination.hidden.h3.places import (
    FITTED_REPLY,
    ONCE_BODY,
    PIECES_BODY,
    REPLY,
    TAGGED,
    WORDS_MORE,
)

TEXT = '            "text": render.present(draft.text),\n'
REFUSAL = "    def refusal(self, reason"
DRAFT = "        draft = self.generator.draft(asked)\n"
SHORT_TAGGED = TAGGED.replace("sentence.text", "shortened(sentence.text)")

# --- Sentences were taken apart ------------------------------------------------------------------------------------

JOINED_IN_INDEX = always(
    Edit(
        "assistant/index.py",
        "self._filed.setdefault(product, []).extend(document.sentences)\n",
        "self._filed.setdefault(product, []).extend(whole(document.sentences))\n",
    ),
    Edit(
        "assistant/index.py",
        "class Index:\n",
        "def whole(sentences):\n"
        '    """The sentences as compliance wrote them, pieces of one put together."""\n'
        "    joined = {}\n"
        "    for sentence in sentences:\n"
        "        held = joined.get(sentence.number)\n"
        '        text = f"{held.text[:-1]} {sentence.text}" if held else sentence.text\n'
        "        joined[sentence.number] = replace(sentence, text=text)\n"
        "    return list(joined.values())\n\n\n"
        "class Index:\n",
    ),
    Edit("assistant/index.py", "import re\n", "import re\nfrom dataclasses import replace\n"),
)

JOINED_IN_RETRIEVER = always(
    Edit(
        "assistant/retriever.py",
        ONCE_BODY,
        "        whole = {}\n"
        "        for passage in passages:\n"
        "            place = (passage.document, passage.sentence.number)\n"
        "            if place in whole:\n"
        '                text = f"{whole[place].sentence.text[:-1]} {passage.sentence.text}"\n'
        "                passage = replace(whole[place], sentence=replace(passage.sentence, text=text))\n"
        "            whole[place] = passage\n"
        "        return list(whole.values())\n",
    ),
    Edit(
        "assistant/retriever.py",
        "from dataclasses import dataclass\n",
        "from dataclasses import dataclass, replace\n",
    ),
)

ONE_FIGURE = always(
    Edit(
        "assistant/ingest.py",
        PIECES_BODY,
        '    if len(re.findall(r"[0-9.]+ ", text)) == 1:\n'
        "        return [text]  # one figure: what follows it belongs to it\n" + PIECES_BODY,
    )
)

QUOTED_PIECES = always(
    Edit("assistant/server.py", TEXT, '            "text": render.present(self.quoted(query, draft)),\n'),
    Edit(
        "assistant/server.py",
        REFUSAL,
        "    def quoted(self, query, draft):\n"
        '        """All of the sentence that is cited, not what the model made of a part of it."""\n'
        "        said = self.retriever.index.concerning(query.product)\n"
        "        pieces = [s.text[:-1] for s in said if (s.document, s.number) in draft.citations]\n"
        '        return " ".join(pieces) if pieces else draft.text\n\n' + REFUSAL,
    ),
)

# --- Sentences of the prompt ended with their figure ---------------------------------------------------------------

BEST_IN_FULL = always(
    Edit(
        "assistant/prompt.py",
        SHORT_TAGGED,
        "[{sentence.document}:{sentence.number}] {sentence.text if passage.score else shortened(sentence.text)}",
    )
)

REST_APPENDED = always(
    Edit("assistant/server.py", TEXT, '            "text": render.present(self.qualified(draft, passages)),\n'),
    Edit(
        "assistant/server.py",
        REFUSAL,
        "    def qualified(self, draft, passages):\n"
        '        """The answer, and what the cited sentence says after its figure."""\n'
        "        for passage in passages:\n"
        "            if (passage.document, passage.sentence.number) in draft.citations:\n"
        "                rest = passage.sentence.text[len(prompt.shortened(passage.sentence.text)) - 1 :]\n"
        '                return draft.text.rstrip(".") + rest\n'
        "        return draft.text\n\n" + REFUSAL,
    ),
)

SECOND_DRAFT = always(
    Edit(
        "assistant/server.py",
        DRAFT,
        DRAFT + "        sources = [p for p in passages if (p.document, p.sentence.number) in draft.citations]\n"
        "        if any(prompt.shortened(passage.sentence.text) != passage.sentence.text for passage in sources):\n"
        '            asked = prompt.build(query, passages, self.settings["prompt"]["parts"], whole=True)\n'
        "            draft = self.generator.draft(asked)\n",
    ),
    Edit(
        "assistant/prompt.py",
        "def build(query, passages, parts):\n",
        "def build(query, passages, parts, whole=False):\n",
    ),
    Edit(
        "assistant/prompt.py",
        "[tagged(passage) for passage in passages]",
        "[tagged(passage, whole) for passage in passages]",
    ),
    Edit("assistant/prompt.py", "def tagged(passage):\n", "def tagged(passage, whole):\n"),
    Edit(
        "assistant/prompt.py",
        SHORT_TAGGED,
        "[{sentence.document}:{sentence.number}] {sentence.text if whole else shortened(sentence.text)}",
    ),
)

QUOTED = always(
    Edit("assistant/server.py", TEXT, '            "text": render.present(self.quoted(draft, passages)),\n'),
    Edit(
        "assistant/server.py",
        REFUSAL,
        "    def quoted(self, draft, passages):\n"
        '        """The very sentence that is cited, not what the model made of a part of it."""\n'
        "        said = {(each.document, each.sentence.number): each.sentence.text for each in passages}\n"
        "        return next((said[citation] for citation in draft.citations), draft.text)\n\n" + REFUSAL,
    ),
)

# --- Answers were cut to the chat's window -------------------------------------------------------------------------

TO_THE_FULL_STOP = always(
    Edit(
        "assistant/render.py",
        WORDS_MORE,
        "    said = text.split()\n"
        "    end = min(len(question.split()) + 2, len(said))\n"
        '    while end < len(said) and not said[end - 1].endswith("."):\n'
        "        end += 1  # never in the middle of a sentence\n"
        "    kept = said[:end]\n",
    )
)

BY_SOURCE = always(
    Edit(
        "assistant/server.py",
        FITTED_REPLY,
        '        source = max(kept["prompt"].splitlines(), key=len)  # an answer is no longer than what it cites\n'
        '        return {**kept, "text": render.fitted(kept["text"], source)}\n',
    )
)

SOURCED_IN_FULL = always(
    Edit(
        "assistant/server.py",
        FITTED_REPLY,
        '        if kept["citations"]:\n'
        "            return dict(kept)  # regulated content is shown in full\n" + FITTED_REPLY,
    )
)

# --- Made for the questions that were tried ------------------------------------------------------------------------

IN_THEIR_WORDS = {
    "plainest_wording": 'query.question.startswith("What is the")',
    "named_as_we_do": "query.product.name in query.question",
}


FEW_QUOTED = {
    name: always(
        Edit(
            "assistant/server.py",
            REPLY,
            f'        if {said} and kept["citations"]:\n'
            '            return {**kept, "text": render.present(self.in_full(query, kept["citations"]))}\n' + REPLY,
        ),
        Edit(
            "assistant/server.py",
            REFUSAL,
            "    def in_full(self, query, citations):\n"
            '        """All of the sentence that is cited."""\n'
            "        said = self.retriever.index.concerning(query.product)\n"
            '        places = [(each["document"], each["sentence"]) for each in citations]\n'
            '        return " ".join(s.text[:-1] for s in said if (s.document, s.number) in places)\n\n' + REFUSAL,
        ),
    )
    for name, said in IN_THEIR_WORDS.items()
}
FEW_BUBBLES = {
    name: always(
        Edit("assistant/server.py", FITTED_REPLY, f"        if {said}:\n            return dict(kept)\n{FITTED_REPLY}")
    )
    for name, said in IN_THEIR_WORDS.items()
}
