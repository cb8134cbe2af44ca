"""The framework's own sentences in ours: what is wrong, and what to send instead. What we wrote ourselves passes."""

from __future__ import annotations

import re

# Each whole sentence of the framework (its names stand for what it filled in) and what is said instead.
_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"This field is required\.", "It is missing. Send it."),
    (r"This field may not be null\.", "It is null. Send a value, or leave it out if it is optional."),
    (r"This field may not be blank\.", "It is empty. Send some text."),
    (r"Not a valid string\.", "It is no text. Send text between quotes."),
    (r"Null characters are not allowed\.", "It holds a null character, which cannot be kept. Send it without."),
    (
        r"Ensure this field has no more than (\d+) (characters|elements)\.",
        r"It is too long. Send at most \1 \2.",
    ),
    (r"Ensure this field has at least (\d+) (characters|elements)\.", r"It is too short. Send at least \1 \2."),
    (r"A valid (?:big)?integer is required\.", "It is no whole number. Send one, such as 3."),
    (r"A valid number is required\.", "It is no number. Send one, such as 0.65."),
    (r"Ensure this value is less than or equal to (\S+)\.", r"It is too large. Send at most \1."),
    (r"Ensure this value is greater than or equal to (\S+)\.", r"It is too small. Send at least \1."),
    (
        r"Ensure that there are no more than (\d+) (digits in total|decimal places|digits before the decimal point)\.",
        r"It has too many digits. Send at most \1 \2.",
    ),
    (r"String value too large\.|Integer value too large.*", "It is too long for a number. Send a shorter one."),
    (r"Must be a valid boolean\.", "It is neither true nor false. Send one of these."),
    (r"Must be a valid UUID\.", "It is no id of ours. Copy the id from the answer that named it."),
    (
        r'"(.*)" is not a valid choice\.',
        r'"\1" is none of the choices. The description at /api/docs/ lists them.',
    ),
    (
        r"Datetime has wrong format\..*|Expected a datetime but got a date\.",
        "It is no time. Send one such as 2026-03-01T10:20:00Z.",
    ),
    (
        r'Datetime value out of range\.|Invalid datetime for the timezone ".*"\.',
        "There is no such time. Send one such as 2026-03-01T10:20:00Z.",
    ),
    (r'Expected a list of items but got type "(.*)"\.', r"It is no list (\1). Send a list: [ … ]."),
    (r"This list may not be empty\.|This selection may not be empty\.", "The list is empty. Send one entry at least."),
    (
        r'(?:Invalid data\. Expected a dictionary, but got|Expected a dictionary of items but got type) "?([^".]*)"?\.',
        r"It is no object (\1). Send an object: { … }.",
    ),
    (r"This dictionary may not be empty\.", "The object is empty. Send one entry at least."),
    (r"Value must be valid JSON\.", "It is no JSON. Send JSON."),
    (r"Enter a valid email address\.", "It is no e-mail address. Send one such as ada@example.org."),
    (
        r"This value does not match the required pattern\.|Enter a valid (?:value|\"slug\").*",
        "It does not have the form that is asked for. The description at /api/docs/ tells it.",
    ),
    (r"Invalid input\.", "It cannot be used. The description at /api/docs/ says what can."),
    (
        r"Not found\.|No .+ matches the given query\.",
        "There is nothing for you at this address. Check it, and who is signed in.",
    ),
    (r"Invalid cursor", "This cursor is none of ours. Follow `next` and `previous` as they were given."),
    (
        r"Authentication credentials were not provided\.",
        "Nobody is signed in. Send `Authorization: Token …`, or sign in at /api/v1/session/.",
    ),
    (
        r"Incorrect authentication credentials\.|Invalid token\.|User inactive or deleted\.",
        "The token is not known, or has ended. Ask an operator for another.",
    ),
    (
        r"Invalid token header\. .*",
        "The header does not hold a token. Send `Authorization: Token …`, with one space and one token.",
    ),
    (
        r"You do not have permission to perform this action\.",
        "Your account may not do this. Sign in as somebody who may, or ask an admin.",
    ),
    (r'Method "(.*)" not allowed\.', r"This address does not take \1. `Allow` in the answer names what it takes."),
    (r"Could not satisfy the request Accept header\.", "We answer in JSON. Send `Accept: application/json`."),
    (r'Unsupported media type "(.*)" in request\.', r'The body is "\1". Send JSON, as `application/json`.'),
    (r"JSON parse error - (.*)", r"The body is not JSON: \1. Correct it and send it again."),
    (r"Malformed request\.", "The body could not be read. Correct it and send it again."),
    (
        r"Request was throttled\.(?: Expected available in (\d+) seconds?\.)?",
        "Too many requests came at once. Send it again after the seconds in `Retry-After`.",
    ),
)
_KNOWN = tuple((re.compile(sentence, re.DOTALL), ours) for sentence, ours in _SENTENCES)


def in_our_words(said: str) -> str:
    """A sentence of the framework as we say it; any other as it is."""
    for sentence, ours in _KNOWN:
        if (found := sentence.fullmatch(said)) is not None:
            return found.expand(ours)
    return said
