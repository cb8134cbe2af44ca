"""The promise every generator of incidents keeps: a failure class and a seed give everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager

    from exams.packs.causes import CauseCatalogue
    from exams.packs.injects import InjectRule
    from exams.packs.parts import Brief, Commit, JsonObject, Measures, ProbeSuite, Question, Spec
    from sandboxes.ingest.tree import Tree


class NothingLeftToDraw(LookupError):
    """Every failure class of the pack has been seen by this learner: there is no incident left for them."""


class Ask(Protocol):
    """Asks an opened tree; questions of one session are one conversation, ``""`` stands alone."""

    def __call__(self, question: str, session: str = "") -> JsonObject:
        """Return the reply as the tree gives it."""
        ...


@runtime_checkable
class Pack(Protocol):
    """A generator of incidents. Every method is pure: the same bytes on every machine."""

    def __hash__(self) -> int:
        """One object per generator: what was made from it is kept under it."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The failure classes this pack can draw, in a fixed order."""
        ...

    def catalogue(self) -> CauseCatalogue:
        """The words in which causes are named: every single class, whichever of them a twin draws.

        Learners are told all of it before they start, so that nothing in it may depend on an incident.
        """
        ...

    def draw(self, *, seed: int, avoid: Collection[str]) -> Spec:
        """A specification unlike those in `avoid`: classes (``"H1"``), or specifications by key (``"H1/7"``).

        A key without its class (``"/7"``) rules out that specification's names only. The same class never comes back.
        Drawn from its own seed, with every other class in `avoid`, a specification comes back as it is unless
        something else in `avoid` rules it out: that is how the stock asks whether one fits a learner.

        Raises:
            NothingLeftToDraw: `avoid` holds every class.
        """
        ...

    def facts(self, spec: Spec) -> bytes:
        """The approved facts, as JSON, for the `facts` fixture and the oracle."""
        ...

    def base(self, spec: Spec) -> Tree:
        """What the learner is handed: the faulty head, weights included."""
        ...

    def history(self, spec: Spec) -> tuple[Commit, ...]:
        """12 to 20 commits, oldest first; the last one's tree is `base`."""
        ...

    def reference(self, spec: Spec) -> Tree:
        """The platform's own fix."""
        ...

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        """At least three other correct fixes, each different in kind, by name."""
        ...

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        """At least six wrong or superficial fixes, and the same fault re-drawn, by name."""
        ...

    def author_test(self, spec: Spec) -> Tree:
        """A regression test that fails on base and mutants and passes on reference and alternatives."""
        ...

    def opened(self, tree: Tree) -> AbstractContextManager[Ask]:
        """Open one of the pack's own trees in this process, to ask it; never what somebody handed in."""
        ...

    def probes(self, spec: Spec, *, seed: int) -> ProbeSuite:
        """At least 40 hidden questions on data drawn from a fresh seed."""
        ...

    def regression_suite(self, spec: Spec) -> ProbeSuite:
        """Questions on the incident's own data whose right answers the faulty tree gives too."""
        ...

    def protected(self) -> tuple[str, ...]:
        """Prefixes which grading always replaces by the incident's own, for example ``assistant/lm/``."""
        ...

    def unserved(self) -> tuple[str, ...]:
        """Prefixes which no assistant reads while it serves, for example ``ops/``: no container is given them."""
        ...

    def traffic(self, spec: Spec) -> tuple[Question, ...]:
        """The seeded stream of customers during the live window, in order."""
        ...

    def injects(self, spec: Spec) -> tuple[InjectRule, ...]:
        """What the incident's people say while it is live, and when; names, times and wordings drawn from the seed.

        It is asked for every minute of every live attempt, so it must not take drawing the whole incident.
        """
        ...

    def brief(self, spec: Spec) -> Brief:
        """What a learner reads of this incident from the moment of the start: nothing that tells the class."""
        ...

    def made_of(self, failure_class: str) -> Mapping[str, bytes]:
        """Every file that a class's incidents are made of, by path: one byte changed, and it is to be proved anew."""
        ...

    def measures(self, spec: Spec) -> Measures:
        """What every incident of a class should have the same of."""
        ...

    def truth(self, spec: Spec) -> JsonObject:
        """Component, class, mechanism and rival classes: for the mentor only."""
        ...
