"""Wrong fixes that people reach for whatever the failure class is."""

from exams.packs.hallucination.edits import Change, Edit, Told, always


def blocklist(told: Told) -> tuple[Edit, ...]:
    """Stop the one sentence a customer complained about, word for word."""
    return (
        Edit(
            "assistant/guard.py",
            "    for citation in draft.citations:\n",
            f"    if draft.text == {told.text!r}:\n"
            '        return Ruling("block", "known to be wrong")\n'
            "    for citation in draft.citations:\n",
        ),
    )


def refuse_one(told: Told) -> tuple[Edit, ...]:
    """Refuse everything about the product a customer complained about."""
    return (
        Edit(
            "assistant/server.py",
            "        passages = self.retriever.retrieve(query)\n",
            f"        if query.product.id == {told.product.id!r}:\n"
            '            return self.refusal("under investigation")\n'
            "        passages = self.retriever.retrieve(query)\n",
        ),
    )


RAISED_K = always(Edit("config.toml", "sentences = 4 ", "sentences = 6 "))

FLUSHED_CACHE = always(Edit("config.toml", "entries = 256", "entries = 0"))

SAMPLED = always(Edit("config.toml", "temperature = 0.0\nseed = 0", "temperature = 0.7\nseed = 7"))

DISCLAIMER = always(
    Edit(
        "assistant/server.py",
        '            "text": draft.text,\n',
        '            "text": draft.text + " Please check your contract.",\n',
    )
)

REFUSE_EVERYTHING = always(
    Edit(
        "assistant/server.py",
        "        passages = self.retriever.retrieve(query)\n",
        '        return self.refusal("the assistant is in maintenance")\n'
        "        passages = self.retriever.retrieve(query)\n",
    )
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
