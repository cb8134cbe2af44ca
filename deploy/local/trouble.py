"""What stops a start, said in a sentence that tells the person what to do."""


class Trouble(Exception):  # noqa: N818 - it is printed as it stands, and reads as a word
    """Something a person has to change; the message says what happened, why, and what to do next."""
