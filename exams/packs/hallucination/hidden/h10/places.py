"""Where the faults of H10 lie: what they replace, and what they put there."""

from exams.packs.hallucination.edits import Edit

KEPT = "        kept = self.cache.get(query)\n"
PUT = "            self.cache.put(query, kept)\n"
DRAFT = "        draft = self.generator.draft(asked)\n"
RULING = "        ruling = guard.check(draft, passages, query)\n"
REFUSAL = "    def refusal(self, reason"
VOICED = '        return self.settings["voice"]["on"] and not query.product.name.endswith("Plus")\n'
OFF = "on = false\n"
ON = "on = true\n"
HIGH = "temperature = 1.7\n"
TAKEN = """        completion = self.model.generate(
            prompt, max_tokens=self.max_tokens, temperature=self.liveliness, seed=self.seed + take
        )
"""

# A voice of its own: each answer anew, and again if the guard blocks it.
VOICE_DRAFT = """        if self.voiced(query):
            draft = self.spoken(asked, passages, query)
        else:
            draft = self.generator.draft(asked)
"""
SPOKEN = """        for _ in range(TAKES):
            self.asked += 1
            draft = self.generator.take(asked, 1 + self.asked % TAKES)
            new = draft.refused or (draft.citations and draft.text != self.heard.get(query.wording))
            if new and guard.check(draft, passages, query).verdict == "pass":
                self.heard[query.wording] = draft.text
                return draft
        return draft
"""
_TAKE = (
    Edit(
        "assistant/generate.py",
        "    def draft(self, prompt):\n",
        "    def take(self, prompt, take):\n"
        '        """The answer in one of several wordings."""\n'
        f"{TAKEN}"
        "        return read(completion)\n\n"
        "    def draft(self, prompt):\n",
    ),
    Edit(
        "assistant/generate.py",
        "    def __init__(self, model, settings):\n",
        "    def __init__(self, model, settings, voice):\n",
    ),
    Edit(
        "assistant/generate.py",
        '        self.temperature = settings["temperature"]\n',
        '        self.temperature = settings["temperature"]\n        self.liveliness = voice["temperature"]\n',
    ),
    Edit(
        "assistant/server.py",
        'Generator(model, settings["generation"])',
        'Generator(model, settings["generation"], settings["voice"])',
    ),
)
_VOICED = f"""    def voiced(self, query):
        \"\"\"Plus customers keep the voice they know.\"\"\"
{VOICED}
"""
_UNKEPT = Edit(
    "assistant/server.py",
    KEPT + "        if kept is None:\n",
    f"""\
        kept = None if self.voiced(query) else self.cache.get(query)
        if kept is None:
""",
)
VOICE = (
    *_TAKE,
    Edit("assistant/server.py", DRAFT, VOICE_DRAFT),
    Edit(
        "assistant/server.py",
        REFUSAL,
        f"{_VOICED}"
        "    def spoken(self, asked, passages, query):\n"
        '        """An answer that is not the one before, and that the guard lets out."""\n'
        f"{SPOKEN}\n{REFUSAL}",
    ),
    Edit("assistant/server.py", "class Assistant:\n", "TAKES = 5\n\n\nclass Assistant:\n"),
    Edit(
        "assistant/server.py",
        "        self.version = ",
        "        self.asked = 0\n        self.heard = {}\n        self.version = ",
    ),
    _UNKEPT,
    Edit("config.toml", "[cache]\n", f"[voice]\n{OFF}{HIGH}\n[cache]\n"),
)
VOICE_ON = (Edit("config.toml", OFF, ON),)

# Nobody hears what the one before heard.
FRESH_DRAFT = f"""{DRAFT}        if self.voiced(query) and not draft.refused:
            draft = self.fresh(draft, asked, passages, query)
"""
FRESH = """        for take in range(TAKES + 1):
            if take:
                draft = self.generator.take(asked, take)
            heard = draft.text == self.heard.get(query.wording)
            if not heard and draft.citations and guard.check(draft, passages, query).verdict == "pass":
                self.heard[query.wording] = draft.text
                return draft
        self.heard[query.wording] = plain.text
        return plain
"""
TAKES_PREPARED = (*_TAKE, Edit("config.toml", "[cache]\n", f"[voice]\n{ON}{HIGH}\n[cache]\n"))
NEVER_TWICE = (
    Edit("assistant/server.py", DRAFT, FRESH_DRAFT),
    Edit(
        "assistant/server.py",
        REFUSAL,
        f"{_VOICED}"
        "    def fresh(self, draft, asked, passages, query):\n"
        '        """An answer in other words than the last customer who asked was given."""\n'
        "        plain = draft\n"
        f"{FRESH}\n{REFUSAL}",
    ),
    Edit("assistant/server.py", "class Assistant:\n", "TAKES = 8\n\n\nclass Assistant:\n"),
    Edit(
        "assistant/server.py",
        "        self.version = ",
        "        self.heard = {}\n        self.version = ",
    ),
    _UNKEPT,
)
