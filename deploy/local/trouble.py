"""What stops a start, said in a sentence that tells the person what to do."""


class Trouble(Exception):
    """Something a person has to change; the message says what happened, why, and what to do next."""
