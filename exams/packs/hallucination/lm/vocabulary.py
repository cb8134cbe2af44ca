"""Words to numbers and back: a word-level vocabulary in which every digit of a number is a token of its own.

The tag of a sentence is two tokens, `[doc-12` and `:3]`: names to be copied, not numbers to be composed.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PAD, UNKNOWN, END = "<pad>", "<unknown>", "<end>"

_TOKEN = re.compile(r"\[doc-\d\d|:\d\]|\n|\d|[A-Za-z]+|[^\sA-Za-z\d]")
_OPEN_NUMBER = re.compile(r"\d\.?$")
_NO_SPACE_BEFORE = tuple(".,:;?!]")


def split(text: str) -> list[str]:
    """Cut a text into tokens; spaces vanish, newlines stay."""
    return _TOKEN.findall(text)


def join(tokens: Iterable[str]) -> str:
    """Put tokens back into a text; the inverse of `split` for every wording the model knows."""
    text = ""
    for word in tokens:
        text += word if _joins(text, word) else f" {word}"
    return text


def _joins(text: str, word: str) -> bool:
    """Tell whether a word follows a text without a space."""
    if not text or text.endswith("\n") or word == "\n" or word.startswith(_NO_SPACE_BEFORE):
        return True
    return word.isdigit() and _OPEN_NUMBER.search(text) is not None


class Vocabulary:
    """The fixed list of tokens; a token's number is its place in the list."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self._number = {token: number for number, token in enumerate(self.tokens)}
        self.unknown = self._number[UNKNOWN]
        self.end = self._number[END]

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def read(cls, path: Path) -> "Vocabulary":
        """Read the JSON list of tokens. Raises OSError or ValueError when the file is missing or broken."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write the JSON list of tokens."""
        path.write_text(json.dumps(self.tokens, indent=0) + "\n", encoding="utf-8")

    def encode(self, text: str) -> list[int]:
        """Number the tokens of a text; a word not in the list is tried in lower case, then unknown."""
        return [self._number.get(token, self._number.get(token.lower(), self.unknown)) for token in split(text)]

    def decode(self, numbers: Iterable[int]) -> str:
        """Write numbered tokens as text."""
        return join(self.tokens[number] for number in numbers)
