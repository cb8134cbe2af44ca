"""The words in which causes are named: the same for every incident of a pack, and told to every learner beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_AND = re.compile(r"\s*[+&]\s*|\s+and\s+", re.IGNORECASE)
_FILE = re.compile(r"[\w./-]+\.(?:py|toml)\b")


@dataclass(frozen=True)
class Cause:
    """A failure class as learners are told of it. An incident of two faults has two of them.

    Attributes:
        key: For example ``"H1"``.
        title: A few words for it.
        looks_like: What is seen when it is at work, one plain sentence.
        components: Where faults of this kind may sit: keys of components. Says nothing of any one incident.
    """

    key: str
    title: str
    looks_like: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Component:
    """A part of what is to be mended: `key` is the name of its `file` without folder and suffix."""

    key: str
    file: str
    does: str


@dataclass(frozen=True)
class CauseCatalogue:
    """Every cause and every component, whichever of them a twin draws."""

    causes: tuple[Cause, ...] = ()
    components: tuple[Component, ...] = ()

    def causes_named(self, words: str) -> tuple[str, ...]:
        """The keys of the causes that words name, by key, title or both, in any case; () for words of one's own.

        Several are joined by ``+``, ``&`` or ``and``: ``"H1 + H8"``. One part that is not recognised makes it words of
        one's own.
        """
        return _each(words, self._causes)

    def components_named(self, words: str) -> tuple[str, ...]:
        """The keys of the components that words name, joined likewise; where files are named, these are what counts."""
        files = _FILE.findall(words)
        if not files:
            return _each(words, self._components)
        found = [self._components.get(plain(file_name(file))) for file in files]
        return () if None in found else tuple(dict.fromkeys(key for key in found if key is not None))

    @cached_property
    def _causes(self) -> dict[str, str]:
        return {
            plain(words): each.key
            for each in self.causes
            for words in (each.key, each.title, each.key + each.title, each.title + each.key)
        }

    @cached_property
    def _components(self) -> dict[str, str]:
        return {plain(each.key): each.key for each in self.components}


def parts(words: str) -> list[str]:
    """What words name one by one: files where there are any, else what is joined by ``+``, ``&`` or ``and``."""
    return [file_name(each) for each in _FILE.findall(words) or _AND.split(words.strip())]


def keys(failure_class: str) -> tuple[str, ...]:
    """The classes that a class of the pack is made of: ``"H1+H8"`` is two."""
    return tuple(failure_class.split("+"))


def file_name(named: str) -> str:
    """A file without its folder and suffix; any other name as it is."""
    return named.strip().removesuffix(".py").removesuffix(".toml").rpartition("/")[2]


def plain(text: str) -> str:
    """Letters and digits only, in one case: "Wrong-entity retrieval" is "wrong entity  Retrieval"."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _each(words: str, known: dict[str, str]) -> tuple[str, ...]:
    whole = known.get(plain(words))
    if whole is not None:
        return (whole,)
    found = [known.get(plain(each)) for each in _AND.split(words.strip())]
    return () if None in found else tuple(dict.fromkeys(key for key in found if key is not None))
