"""The options by which an author's commands name a pack and some of its failure classes."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from exams import packs

OURS = "exams.packs.hallucination"


def add_arguments(parser: ArgumentParser) -> None:
    """Let `--pack` name a pack, ours when it does not, and each `--class` one failure class, or several of them."""
    parser.add_argument("--pack", default=OURS, help="dotted name of the pack")
    parser.add_argument("--class", dest="classes", action="append", help="a failure class; none: all of them")


def chosen(options: Mapping[str, Any]) -> tuple[packs.Pack, list[str]]:
    """The pack that was named and the classes of it, in the order in which they were, once each; without any, all.

    Raises:
        CommandError: there is no such pack, or it has no such class.
    """
    name: str = options["pack"]
    try:
        pack = packs.load(name)
    except packs.NoSuchPack as unknown:
        raise CommandError(f"There is no pack {name!r}; --pack takes a dotted name such as {OURS}.") from unknown
    classes = list(dict.fromkeys(options["classes"] or pack.classes))
    strangers = sorted(set(classes) - set(pack.classes))
    if strangers:
        raise CommandError(f"{name} has {', '.join(pack.classes)}; it has no {', '.join(strangers)}.")
    return pack, classes
