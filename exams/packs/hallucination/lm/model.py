"""The small language model at inference: `load` a folder of weights, `Model.generate` an answer to a prompt."""

from pathlib import Path


class Model:
    """A loaded language model; holds no state between calls."""

    def generate(self, prompt: str, *, max_tokens: int = 40, temperature: float = 0.0, seed: int = 0) -> str:
        """Complete a prompt and return the completion's text.

        Stops at the end-of-answer token or after `max_tokens`. At `temperature` 0 the most likely token is taken
        (ties go to the lowest index); above it tokens are drawn with a generator seeded with `seed`.
        """
        raise NotImplementedError


def load(folder: Path) -> Model:
    """Load the weights in a folder, after checking their hashes."""
    raise NotImplementedError
