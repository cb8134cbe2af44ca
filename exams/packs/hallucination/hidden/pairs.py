"""For incidents with two faults: one went live days before and only makes the guard refuse, the other opens the guard.

Neither may be left: without the first, siblings' values still get out; without the second, approved ones are refused.
"""

from exams.packs.hallucination.edits import Change, Edit, always

RETURNS = "    def refusal(self, reason"
VERSION = '        self.version = settings["service"]["version"]\n'
COMPOSED = "            kept = self.compose(query)\n"


def taken_back(*edits: Edit) -> Change:
    """Undo one half of the trouble, and leave the other."""
    return always(*(edit.undone() for edit in reversed(edits)))


def both(*changes: Change) -> Change:
    """Make one change after the other."""
    return lambda told: tuple(edit for change in changes for edit in change(told))


def quote(also: str = "") -> Change:
    """Answer with the approved sentence itself, straight from the documents; `also` narrows which may be quoted."""
    return always(
        Edit("assistant/server.py", VERSION, f"{VERSION}        self.knowledge = knowledge\n"),
        Edit("assistant/server.py", COMPOSED, "            kept = self.quote(query)\n"),
        Edit(
            "assistant/server.py",
            RETURNS,
            "    def quote(self, query):\n"
            '        """The sentence that states what is asked, word for word, or a refusal."""\n'
            "        name = query.attribute.names[0]\n"
            "        for each in self.knowledge.sentences():\n"
            f"            if each.product == query.product.id and name in each.text{also}:\n"
            "                return {\n"
            '                    "text": render.present(each.text),\n'
            '                    "citations": [{"document": each.document, "sentence": each.number}],\n'
            '                    "documents": [each.document],\n'
            '                    "prompt": "",\n'
            '                    "guard": {"verdict": "pass", "reason": "quoted"},\n'
            '                    "refused": False,\n'
            '                    "version": self.version,\n'
            "                }\n"
            '        return self.refusal("no approved sentence states that")\n\n' + RETURNS,
        ),
    )
