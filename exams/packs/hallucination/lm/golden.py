"""The golden self-test: a few fixed prompts whose every logit and answer must come out the same everywhere."""

from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PROMPTS = (
    """\
Answer only from the approved documents.
Question: What is the late fee of Ridge Gold?
[doc-12:3] On Ridge Gold Plus the late fee is fixed at 27 USD.
[doc-31:1] The late fee of Ridge Gold is 39 USD for new customers.
Answer:""",
    """\
Answer only from the approved documents.
Question: Tell me the exit fee for Orbit Flex.
[doc-44:2] The exit fee of Orbit Max is 118 USD.
Answer:""",
    """\
Answer only from the approved documents.
Question: What daily maximum does Velmora Forte have?
[doc-61:1] This document is about Velmora Forte.
Answer:""",
    """\
Question: I have Haven Select Plus. What is the money back period?
Answer:""",
)


class Speaks(Protocol):
    """What the test needs of a model."""

    def logits(self, prompt: str) -> NDArray[np.float64]:
        """Score every token as the first of the completion."""

    def generate(self, prompt: str, *, max_tokens: int = 40, temperature: float = 0.0, seed: int = 0) -> str:
        """Complete a prompt."""


def self_test(model: Speaks) -> str:
    """Run the fixed prompts, cold and warm, and give the SHA-256 of all logits and answers as hex."""
    digest = sha256()
    for prompt in PROMPTS:
        digest.update(model.logits(prompt).astype("<f8").tobytes())
        digest.update(model.generate(prompt).encode())
        digest.update(model.generate(prompt, max_tokens=12, temperature=1.5, seed=7).encode())
    return digest.hexdigest()
