"""What the faults of H5 have in common: lines of the assistant, and fixes that ask the catalogue itself."""

from exams.packs.hallucination.edits import Edit

SERVER = "assistant/server.py"
SESSION = "assistant/session.py"
ABSTAIN = "assistant/abstain.py"
INDEX = "assistant/index.py"

REFUSED = "        refused = abstain.reason(query)\n"
IMPORT_WORDS = Edit(SERVER, "from .session import Sessions\n", "from .session import Sessions, words\n")
FIND = '''        """The product a question names; None for a name that is not in the catalogue."""
        return self.by_name.get(self.mention(words(question)))
'''
PLACE = "    jurisdiction: str | None = None  # where the customer says they are; None: nothing said\n"
QUERY = """        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))
"""
NO_PRODUCT = "    if query.product is None:\n"
UNKNOWN = f'{NO_PRODUCT}        return "names no product of ours"\n'


def named(condition: str, *then: str) -> Edit:
    """Refuse, before anything else, the names that meet a condition; `then` is done first."""
    return Edit(
        SERVER,
        REFUSED,
        "        said = words(question)\n"
        "        named = self.sessions.mention(said)\n"
        f"        if {condition}:\n"
        + "".join(f"            {line}\n" for line in then)
        + '            return self.refusal("names no product of ours")\n'
        + REFUSED,
    )


STRANGE = "named and named not in self.sessions.by_name"
FORGET = 'self.sessions.remember(str(request.get("session", "")), {})'
