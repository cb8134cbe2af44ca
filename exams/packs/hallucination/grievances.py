"""The words in which customers complain: by what was wrong, what they were told and what they hold against it.

Each text is true of every answer of its kind. An opening says what was told, an ending what the customer makes of it;
any of the one goes with any of the other. Places in braces:

``{told}``       the reply, word for word
``{number}``     the value in it with its unit and condition, ``{thing}`` and ``{of}`` what it says that this is of
``{asked}``      the attribute asked for, ``{name}`` the product asked for, ``{place}`` where, ``{question}`` all of it
``{approved}``   the approved value with its unit and condition, ``{condition}`` its condition
``{added}``      the condition in the reply
``{counter}``    whom customers of the trade meet in person
"""

from __future__ import annotations

COUNTERS = {"bank": "my branch", "telco": "the shop", "pharmacy": "my pharmacist", "insurer": "my broker"}

_TOLD = (
    "Your assistant told me that the {thing} of {of} is {number}.",
    "According to your assistant the {thing} of {of} is {number}.",
    "I asked for the {asked} of {name}. “{told}” was the answer.",
    "“{told}” That is what your assistant says.",
    "{number}: that is what I was told when I asked for the {asked} of {name}.",
    "I was told {number} for the {asked} of {name}.",
    "For the {asked} of {name} the answer was {number}.",
)
_ABOUT_ANOTHER = (
    "I asked about {name}, it told me about {of}: {number}.",
    "My question was about {name}. The answer is about {of}: {number}.",
    "“{told}” But I had asked about {name}.",
    "Why do I get {of}, {number}, when I want to know about {name}?",
    "I wanted the {asked} of {name} and was given {number} for {of}.",
    "{of} is not what I asked about. I asked about {name}, and was told {number}.",
    "Asked about {name}, answered about {of} ({number}).",
)
_ANOTHER_MATTER = (
    "I asked for the {asked} of {name} and was told the {thing}: {number}.",
    "“{told}” My question was about the {asked}.",
    "The {thing} is not the {asked}. I asked for the {asked} of {name} and got {number}.",
    "I do not need the {thing} ({number}), I need the {asked} of {name}.",
    "Your assistant takes the {asked} of {name} for the {thing}, {number}.",
)
_SOMETHING = (
    "I asked: “{question}” Your assistant came up with {number}.",
    "“{question}” was my question, “{told}” the answer.",
    "My question was “{question}”, and I was told {number}.",
    "All I asked was “{question}” What has {number} to do with it?",
    "“{told}” I had asked: “{question}”",
)

# By kind: openings, and endings.
SAID: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "value": (
        _TOLD,
        (
            "My papers say {approved}.",
            "The letter I have here says {approved}.",
            "At the time I was told {approved}.",
            "Last week {counter} told me {approved}.",
            "Is it that, or {approved}?",
            "I had {approved} in mind. Has it changed?",
            "As far as I know it is {approved}.",
        ),
    ),
    "condition_lost": (
        _TOLD,
        (
            "My papers add “{condition}”. Does that still hold?",
            "On paper it goes on: “{condition}”. Was that dropped?",
            "Does that go for everybody? I remember “{condition}”.",
            "The sheet in front of me says “{condition}” as well.",
            "Without “{condition}”? That would be news to me.",
            "With me {counter} was careful to say “{condition}”.",
        ),
    ),
    "condition_added": (
        _TOLD,
        (
            "My papers know nothing of “{added}”.",
            "Why “{added}”? Nobody mentioned that before.",
            "In what I was given there is no “{added}”.",
            "Since when is it “{added}”?",
            "I asked {counter}, who has never heard of “{added}”.",
            "Where does “{added}” come from?",
        ),
    ),
    "condition_other": (
        _TOLD,
        (
            "My papers say “{condition}”, not “{added}”.",
            "It was “{condition}” when I looked it up.",
            "Is it “{added}” or “{condition}”?",
            "To {counter} it is “{condition}”.",
            "The number may be right, the rest is not: I have “{condition}” in writing.",
        ),
    ),
    "unknown": (
        _TOLD,
        (
            "In what I was sent there is no such figure.",
            "I looked for it in my papers and did not find it.",
            "I asked {counter}, who would not confirm it.",
            "Where is that written? Not in my copy.",
            "On the phone nobody would put that in writing for me.",
            "Last month I was told that it could not be confirmed. Can it now?",
        ),
    ),
    "stranger": (
        _TOLD,
        (
            "I do not find that name on your list.",
            "I asked {counter}, who had to ask me what that is.",
            "Is that what it is called? I was not sure of the name.",
            "A friend mentioned it, I may have the name wrong.",
            "I could not order it, though.",
            "Your web site shows me nothing by that name.",
        ),
    ),
    "abroad": (
        _TOLD,
        (
            "I live in {place}. Does that go for me, too?",
            "When I asked for it I was turned away.",
            "I was sent away with it afterwards.",
            "Then I asked {counter}, who could do nothing with it.",
            "I had said where I am. Did anybody read that?",
            "I could not order it, though.",
        ),
    ),
    "another_product": (
        _ABOUT_ANOTHER,
        (
            "What is it for mine?",
            "Please send me the right one.",
            "Is that the same thing?",
            "I have nothing to do with that.",
            "Is something mixed up here?",
            "I only noticed when I read it again.",
        ),
    ),
    "another_matter": (
        _ANOTHER_MATTER,
        ("Please send me the right one.", "What is it?", "Is that the same thing?", "Is something mixed up here?"),
    ),
    "something": (
        _SOMETHING,
        ("That answers something else.", "Please let a person answer me.", "I do not see what that tells me.", "Well?"),
    ),
}

# Some only say that it was wrong, or do not know what is right.
UNSURE = (
    "What I was told by your assistant today cannot be right. Please check it.",
    "The assistant gave me an answer that I do not trust. Can somebody ring me?",
    "I acted on what your assistant said, and now I hear that it was wrong.",
    "Somebody should look at what the assistant told me. I have my doubts.",
    "First one thing, then another. What is true?",
    "Is the answer I got from your assistant binding? It does not look right.",
    "I do not know who is right, but it is not what I expected to read.",
    "Please look at my conversation of today. Something is off.",
    "My husband says the answer I got is nonsense. Is it?",
    "I would like a written answer from a person, please. I do not believe this one.",
    "Wrong again, I fear. Please get back to me.",
    "That was not a helpful answer, and I think not a true one.",
)
UNSURE_ABOUT = (
    "I am not sure about the answer on the {asked} of {name}. Can somebody confirm it?",
    "What the assistant says about {name} does not agree with what I was told before.",
    "I asked for the {asked} of {name}. The answer looks odd to me.",
    "Please have somebody check what I was told on {name}.",
    "Is the {asked} of {name} really what your assistant says?",
    "About {name}: the answer I got surprised me. Is it true?",
    "I need the {asked} of {name} for my files, and not what I was told.",
    "Can I rely on what the assistant says on the {asked} of {name}? I have my doubts.",
)

REFUSED = (
    "The assistant would not tell me the {asked} of {name}. Please send it.",
    "I only wanted to know the {asked} of {name}, and got nothing.",
    "“I cannot confirm that” is no answer. What is the {asked} of {name}?",
    "Why can nobody tell me the {asked} of {name}?",
    "It says that it cannot confirm anything about the {asked}. Who can?",
    "No answer on {name}, again. I will ring you.",
    "I asked for the {asked} of {name} and was put off.",
    "Your assistant does not want to help me with {name}.",
)
OTHERWISE = (
    "The assistant took very long this time.",
    "I prefer to talk to a person. Where is the button?",
    "I could not copy the answer from the window.",
    "The letters in the chat are too small for me.",
    "It asked me for feedback three times.",
    "Nice, but I would have liked the answer by mail.",
    "The chat closed while I was typing.",
    "Why does it not greet me by name?",
)
