"""Right ways to mend H7 other than taking the fault back."""

from exams.packs.hallucination.edits import Edit, always
from exams.packs.hallucination.hidden.h7.places import (
    ANSWERABLE,
    ASKED,
    FILED_GET,
    FILED_PUT,
    GET,
    KEPT,
    PUT,
    RECALLED,
    SOURCE,
    UNDERSTOOD,
)

DRAFTED = """        completion = self.model.generate(
            prompt, max_tokens=self.max_tokens, temperature=self.temperature, seed=self.seed
        )
        return read(completion)
"""
UNDERSTANDING = '        query = self.sessions.understand(question, str(request.get("session", "")))\n'

# --- The cache's key says too little -------------------------------------------------------------------------------

WITHOUT_CACHE = always(Edit("config.toml", "entries = 256", "entries = 0"))

CHECKED_WHEN_FOUND = always(
    Edit(
        "assistant/cache.py",
        "            return self._kept[key]\n",
        "            about, reply = self._kept[key]\n            return reply if about == query.product.id else None\n",
    ),
    Edit("assistant/cache.py", "] = reply\n", "] = (query.product.id, reply)\n"),
)


def _completions_kept(looked_up: str, put: str) -> tuple[Edit, ...]:
    """Keep what the model said to a prompt, in place of replies: retrieval and guard look at each question anew."""
    return (
        Edit("assistant/server.py", looked_up, "        kept = None\n"),
        Edit("assistant/server.py", put, ""),
        Edit(
            "assistant/generate.py",
            DRAFTED,
            "        if prompt not in self.kept:\n"
            "            self.kept[prompt] = self.model.generate(\n"
            "                prompt, max_tokens=self.max_tokens, temperature=self.temperature, seed=self.seed\n"
            "            )\n"
            "        return read(self.kept[prompt])\n",
        ),
        Edit(
            "assistant/generate.py",
            '        self.seed = settings["seed"]\n',
            '        self.seed = settings["seed"]\n        self.kept = {}  # by prompt, which says all there is\n',
        ),
    )


FILED_COMPLETIONS_KEPT = always(*_completions_kept(SOURCE + FILED_GET, FILED_PUT))
COMPLETIONS_KEPT = always(*_completions_kept(GET, PUT))

WHOLE_QUESTIONS_ONLY = always(
    Edit(
        "assistant/server.py",
        GET,
        "        whole = query.product.name.casefold() in query.question.casefold()\n"
        "        kept = self.cache.get(query) if whole else None\n",
    ),
    Edit("assistant/server.py", KEPT + PUT, KEPT + "            if whole:\n    " + PUT),
)

PUT_AS_WHOLE_QUESTION = always(
    Edit(
        "assistant/session.py",
        "                product = self.recall(session)\n",
        "                product = self.recall(session)\n"
        "                if product is not None:\n"
        '                    question = f"{product.name}: {question}"\n',
    )
)

# --- A question is taken apart only once ---------------------------------------------------------------------------

RECALLED_EACH_TIME = always(
    Edit(
        "assistant/session.py",
        ANSWERABLE,
        "        if session and not named:\n"
        "            query = replace(query, product=self.recall(session))\n" + ANSWERABLE,
    ),
    Edit(
        "assistant/session.py",
        "from dataclasses import dataclass\n",
        "from dataclasses import dataclass, replace\n",
    ),
)

NAMED_ONLY = always(
    Edit(
        "assistant/session.py",
        UNDERSTOOD,
        "            if named:\n    " + UNDERSTOOD,
    )
)

NAMED_BEFORE_IT_IS_LOOKED_UP = always(
    Edit(
        "assistant/session.py",
        ASKED,
        "        about = None if named or not session else self.recall(session)\n"
        "        if about is not None:\n"
        '            question = f"{about.name}: {question}"\n' + ASKED,
    ),
    Edit(
        "assistant/session.py",
        RECALLED,
        "",
    ),
)

RESOLVED_IN_SERVER = always(
    Edit(
        "assistant/server.py",
        UNDERSTANDING,
        '        session = str(request.get("session", ""))\n'
        "        query = self.sessions.understand(question, session)\n"
        "        if session:  # a conversation is about what was named in it last\n"
        "            query = replace(query, product=self.sessions.recall(session))\n",
    ),
    Edit("assistant/server.py", "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
)
