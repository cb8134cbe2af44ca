"""Wrong fixes that people reach for whatever the failure class is."""

from exams.packs.hallucination.edits import Change, Edit, Told, always

COMPOSE = "        passages = self.retriever.retrieve(query)\n"
FIRST_RULE = "    claims = set(CLAIM.findall(draft.text))\n"


def blocklist(told: Told) -> tuple[Edit, ...]:
    """Stop the one sentence a customer complained about, word for word."""
    return (
        Edit(
            "assistant/guard.py",
            FIRST_RULE,
            f'    if draft.text == {told.text!r}:\n        return Ruling("block", "known to be wrong")\n{FIRST_RULE}',
        ),
    )


def refuse_one(told: Told) -> tuple[Edit, ...]:
    """Refuse whatever is asked about the name a customer complained about."""
    understood = "        refused = abstain.reason(query)\n"
    return (
        Edit(
            "assistant/server.py",
            understood,
            f"        if {told.asked.name.casefold()!r} in question.casefold():\n"
            f'            return self.refusal("under investigation")\n{understood}',
        ),
    )


# In code, not in config.toml: its few lines are for changes of every sort, which must not get into each other's way.
RAISED_K = always(Edit("assistant/server.py", 'settings["retrieval"]["sentences"]', "6"))

FLUSHED_CACHE = always(Edit("assistant/cache.py", "        self.entries = entries\n", "        self.entries = 0\n"))

SAMPLED = always(
    Edit("assistant/generate.py", "temperature=self.temperature, seed=self.seed\n", "temperature=0.7, seed=7\n")
)

DISCLAIMER = always(
    Edit(
        "assistant/server.py",
        '            "text": render.present(draft.text),\n',
        '            "text": render.present(draft.text) + " Please check your contract.",\n',
    )
)

REFUSE_EVERYTHING = always(
    Edit("assistant/server.py", COMPOSE, f'        return self.refusal("the assistant is in maintenance")\n{COMPOSE}')
)

COMMON: dict[str, Change] = {
    "blocklist": blocklist,
    "refuse_one": refuse_one,
    "raised_k": RAISED_K,
    "flushed_cache": FLUSHED_CACHE,
    "sampled": SAMPLED,
    "disclaimer": DISCLAIMER,
    "refuse_everything": REFUSE_EVERYTHING,
}


def common(*, without: tuple[str, ...] = ()) -> dict[str, Change]:
    """The wrong fixes for every class but those in which one of them happens to be right."""
    return {name: change for name, change in COMMON.items() if name not in without}
