"""Lays out what the model is given: one instruction, the question, the tagged sentences."""

GROUNDING = "Answer only from the approved documents."
STYLE = "Be friendly and short."


def tagged(passage):
    sentence = passage.sentence
    return f"[{sentence.document}:{sentence.number}] {sentence.text}"


def build(query, passages, parts):
    """The prompt, made of the parts named in config.toml, in that order."""
    sections = {
        "grounding": [GROUNDING],
        "style": [STYLE],
        "question": [f"Question: {query.wording}"],
        "documents": [tagged(passage) for passage in passages],
        "answer": ["Answer:"],
    }
    return "\n".join(line for part in parts for line in sections[part])
