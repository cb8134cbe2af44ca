"""How an answer looks when a customer sees it."""


def present(text):
    """One space between words, a full stop at the end."""
    shown = " ".join(text.split())
    return shown if shown.endswith((".", "!", "?")) else f"{shown}."
