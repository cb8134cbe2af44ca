"""Generators of incidents: the promise they keep (`promise`), what it is made of (`parts`), finding one (`loading`)."""

from exams.packs.causes import Cause, CauseCatalogue, Component
from exams.packs.hashing import fingerprint
from exams.packs.loading import NoSuchFailureClass, NoSuchPack, limited, load
from exams.packs.parts import Brief, Commit, JsonObject, Measures, Probe, ProbeGroup, ProbeSuite, Question, Spec
from exams.packs.promise import Ask, NothingLeftToDraw, Pack

__all__ = [
    "Ask",
    "Brief",
    "Cause",
    "CauseCatalogue",
    "Commit",
    "Component",
    "JsonObject",
    "Measures",
    "NoSuchFailureClass",
    "NoSuchPack",
    "NothingLeftToDraw",
    "Pack",
    "Probe",
    "ProbeGroup",
    "ProbeSuite",
    "Question",
    "Spec",
    "fingerprint",
    "limited",
    "load",
]
