"""Where the faults of H3 lie: what they replace, and what they put there."""

from exams.packs.hallucination.edits import Edit

# Sentences taken apart: the groundwork, and the one line that goes too far.
READ = '        sentences.append(Sentence(fields["id"], int(number), product, clean(sentence)))\n'
CHOSEN = "        return own[: self.limit]\n"
AT_PAUSES = 'PAUSE = re.compile(r"; | - ")\n'
CUT = 'PAUSE = re.compile(r"; | - | (?=(?:after|for|in|outside|under|with) )")\n'
LINE = 'LINE = re.compile(r"(\\d+)\\. ([a-z0-9-]+) \\| (.+)")\n'
PIECES_BODY = '    return [piece if piece.endswith(".") else f"{piece}." for piece in PAUSE.split(text)]\n'
CHOSEN_ONCE = "        return self.once(own)[: self.limit]\n"
ONCE_BODY = """        best = {}
        for passage in passages:
            best.setdefault((passage.document, passage.sentence.number), passage)
        return list(best.values())
"""
PIECES = (
    Edit("assistant/ingest.py", LINE, f"{LINE}{AT_PAUSES}"),
    Edit(
        "assistant/ingest.py",
        "def read_document(text):\n",
        "def pieces(text):\n"
        '    """What a sentence says, one thing at a time; all of it keeps the sentence\'s number."""\n'
        f"{PIECES_BODY}\n\ndef read_document(text):\n",
    ),
    Edit(
        "assistant/ingest.py",
        READ,
        "        for piece in pieces(clean(sentence)):\n"
        '            sentences.append(Sentence(fields["id"], int(number), product, piece))\n',
    ),
    Edit(
        "assistant/retriever.py",
        CHOSEN,
        f"{CHOSEN_ONCE}\n"
        "    def once(self, passages):\n"
        '        """Of each sentence the piece that fits best."""\n'
        f"{ONCE_BODY}",
    ),
)
PAUSES = """        named = {(p.document, p.sentence.number) for p in own if p.score}
        own.sort(key=lambda p: (p.document, p.sentence.number) not in named)
        return own[: self.limit]
"""

# Sentences of the prompt up to their figure.
TAGGED = "[{sentence.document}:{sentence.number}] {sentence.text}"
SHORTENED = (
    Edit("assistant/prompt.py", TAGGED, "[{sentence.document}:{sentence.number}] {shortened(sentence.text)}"),
    Edit(
        "assistant/prompt.py",
        "def tagged(passage):\n",
        "def shortened(text):\n"
        '    """A statement is read for its figure."""\n'
        "    figure = FIGURE.search(text)\n"
        '    return f"{text[: figure.end()]}." if figure else text\n\n\n'
        "def tagged(passage):\n",
    ),
    Edit(
        "assistant/prompt.py",
        'GROUNDING = "',
        'import re\n\nFIGURE = re.compile(r"[0-9.]+ (?:thousand )?[^\\s.]+")\nGROUNDING = "',
    ),
)

# Answers cut to the chat's window.
WORDS_MORE = "    kept = text.split()[: len(question.split()) + 2]\n"
REPLY = "        return dict(kept)\n"
FITTED_REPLY = '        return {**kept, "text": render.fitted(kept["text"], query.wording)}\n'
FITTED = (
    Edit(
        "assistant/render.py",
        "def present(text):\n",
        "def fitted(text, question):\n"
        '    """What the chat\'s window shows of an answer."""\n'
        f"{WORDS_MORE}"
        '    return present(" ".join(kept))\n\n\n'
        "def present(text):\n",
    ),
    Edit("assistant/server.py", REPLY, FITTED_REPLY),
)
