"""Puts the parts together: question in, reply out."""

import tomllib
from pathlib import Path

from . import abstain, generate, guard, ingest, prompt, render
from .cache import Cache
from .generate import Generator
from .index import Index
from .retriever import Retriever
from .session import Sessions

MAX_QUESTION = 500


class Assistant:
    def __init__(self, knowledge, model, settings):
        self.settings = settings
        self.version = settings["service"]["version"]
        self.sessions = Sessions(knowledge.catalogue)
        self.retriever = Retriever(Index(knowledge), settings["retrieval"]["sentences"])
        self.generator = Generator(model, settings["generation"])
        self.cache = Cache(settings["cache"]["entries"], knowledge.fingerprint)

    def reply(self, request):
        question = str(request.get("question", ""))[:MAX_QUESTION]
        query = self.sessions.understand(question, str(request.get("session", "")))
        refused = abstain.reason(query)
        if refused is not None:
            return self.refusal(refused)
        kept = self.cache.get(query)
        if kept is None:
            kept = self.compose(query)
            self.cache.put(query, kept)
        return dict(kept)

    def compose(self, query):
        passages = self.retriever.retrieve(query)
        asked = prompt.build(query, passages, self.settings["prompt"]["parts"])
        draft = self.generator.draft(asked)
        ruling = guard.check(draft, passages, query)
        if ruling.verdict == "block":
            return self.refusal(ruling.reason, passages, asked, verdict="block")
        return {
            "text": render.present(draft.text),
            "citations": [{"document": document, "sentence": number} for document, number in draft.citations],
            "documents": documents(passages),
            "prompt": asked,
            "guard": {"verdict": ruling.verdict, "reason": ruling.reason},
            "refused": draft.refused,
            "version": self.version,
        }

    def refusal(self, reason, passages=(), asked="", verdict="pass"):
        return {
            "text": generate.REFUSAL,
            "citations": [],
            "documents": documents(passages),
            "prompt": asked,
            "guard": {"verdict": verdict, "reason": reason},
            "refused": True,
            "version": self.version,
        }


def documents(passages):
    """The documents of the passages, each once, best first."""
    return list(dict.fromkeys(passage.document for passage in passages))


def open_assistant(root):
    """The assistant whose repository lies at `root`, ready to reply."""
    from .lm.model import load  # noqa: PLC0415 - the weights are read only when somebody is going to ask

    root = Path(root)
    with (root / "config.toml").open("rb") as file:
        settings = tomllib.load(file)
    knowledge = ingest.load(root / settings["knowledge"]["folder"])
    return Assistant(knowledge, load(Path(__file__).parent / "lm"), settings)
