"""Asks the language model and takes its answer apart."""

import re
from dataclasses import dataclass

REFUSAL = "I cannot confirm that from the approved documents."
TAG = re.compile(r"\[(doc-\d+):(\d+)\]\s*")


@dataclass(frozen=True)
class Draft:
    text: str
    citations: tuple  # of (document id, sentence number)
    refused: bool


def read(completion):
    """The model cites before it speaks: `[doc-12:3] The late fee of …`."""
    citations = tuple((document, int(number)) for document, number in TAG.findall(completion))
    text = TAG.sub("", completion).strip()
    return Draft(text or REFUSAL, citations, refused=not text or text == REFUSAL)


class Generator:
    def __init__(self, model, settings):
        self.model = model
        self.max_tokens = settings["max_tokens"]
        self.temperature = settings["temperature"]
        self.seed = settings["seed"]

    def draft(self, prompt):
        completion = self.model.generate(
            prompt, max_tokens=self.max_tokens, temperature=self.temperature, seed=self.seed
        )
        return read(completion)
