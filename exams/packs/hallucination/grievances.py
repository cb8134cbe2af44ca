"""The words in which customers complain: by what was wrong, what they were told and what they hold against it.

Each text is true of every answer of its kind. An opening says what was told, an ending what the customer makes of it;
any of the one goes with any of the other. Some customers write neither but one of the texts that stand alone, some
greet and some thank. Places in braces:

``{told}``       the reply, word for word
``{number}``     the value in it with its unit and condition, ``{thing}`` and ``{of}`` what it says that this is of
``{asked}``      the attribute asked for, ``{name}`` the product asked for, ``{place}`` where, ``{question}`` all of it
``{approved}``   the approved value with its unit and condition, ``{condition}`` its condition
``{added}``      the condition in the reply
``{counter}``    whom customers of the trade meet in person
"""

from __future__ import annotations

from typing import NamedTuple


class Texts(NamedTuple):
    """For one kind of harm: what goes before an ending, the endings, and what needs none."""

    openings: tuple[str, ...]
    endings: tuple[str, ...]
    alone: tuple[str, ...]


COUNTERS = {"bank": "my branch", "telco": "the shop", "pharmacy": "my pharmacist", "insurer": "my broker"}

_TOLD = (
    "Your assistant told me that the {thing} of {of} is {number}.",
    "According to your assistant the {thing} of {of} is {number}.",
    "I asked for the {asked} of {name}. “{told}” was the answer.",
    "“{told}” That is what your assistant says.",
    "{number}: that is what I was told when I asked for the {asked} of {name}.",
    "I was told {number} for the {asked} of {name}.",
    "For the {asked} of {name} the answer was {number}.",
    "I asked your assistant about the {asked} of {name}: {number}.",
    "It says {number} for the {asked} of {name}.",
    "The {thing} of {of}, says your assistant, is {number}.",
)
_DOUBTED = (
    "Is it true that the {thing} of {of} is {number}?",
    "{number} for the {asked} of {name}? That would surprise me.",
    "Your assistant says {number} for the {asked} of {name}. Please check that.",
    "Can somebody confirm {number} as the {asked} of {name}? That is what the assistant said.",
    "The assistant told me {number} for the {asked} of {name}, and I do not believe it.",
    "“{told}” I doubt it.",
    "Please look into this one: “{told}”",
    "Before I rely on it: is the {asked} of {name} really {number}?",
    "Who can tell me whether {number} is right for the {asked} of {name}?",
    "I do not trust this answer: “{told}”",
)
_ABOUT_ANOTHER = (
    "I asked about {name}, it told me about {of}: {number}.",
    "My question was about {name}. The answer is about {of}: {number}.",
    "“{told}” But I had asked about {name}.",
    "Why do I get {of}, {number}, when I want to know about {name}?",
    "I wanted the {asked} of {name} and was given {number} for {of}.",
    "{of} is not what I asked about. I asked about {name}, and was told {number}.",
    "Asked about {name}, answered about {of} ({number}).",
    "What I typed is {name}. What I was told about is {of}: {number}.",
    "You tell me the {thing} of {of}, {number}. I did not write {of}, I wrote {name}.",
    "I typed {name} and it read {of}: {number}.",
    "The answer says {of}, {number}. The question said {name}.",
)
_ANOTHER_MATTER = (
    "I asked for the {asked} of {name} and was told the {thing}: {number}.",
    "“{told}” My question was about the {asked}.",
    "The {thing} is not the {asked}. I asked for the {asked} of {name} and got {number}.",
    "I do not need the {thing} ({number}), I need the {asked} of {name}.",
    "Your assistant takes the {asked} of {name} for the {thing}, {number}.",
    "I wanted to know the {asked} of {name}, not the {thing}, and got {number}.",
    "On {name} I get the {thing}, {number}, when I ask for the {asked}.",
)
_SOMETHING = (
    "I asked: “{question}” Your assistant came up with {number}.",
    "“{question}” was my question, “{told}” the answer.",
    "My question was “{question}”, and I was told {number}.",
    "All I asked was “{question}” What has {number} to do with it?",
    "“{told}” I had asked: “{question}”",
    "“{question}” was all I wanted to know, and I got {number}.",
    "It answers “{question}” with {number}.",
)
_GARBLED = (
    "“{told}” I cannot make sense of that. I had asked: “{question}”",
    "I asked “{question}” and this came back: “{told}”",
    "What is this supposed to mean? “{told}”",
    "“{told}” Is something broken?",
    "“{told}” is not even a sentence.",
    "My question was “{question}”, the answer “{told}”",
    "Did anybody read this before it was sent? “{told}”",
)

# By kind. Where an opening says what is wrong it needs no ending.
SAID: dict[str, Texts] = {
    "value": Texts(
        _TOLD,
        (
            "My papers say {approved}.",
            "The letter I have here says {approved}.",
            "At the time I was told {approved}.",
            "Last week {counter} told me {approved}.",
            "Is it that, or {approved}?",
            "I had {approved} in mind. Has it changed?",
            "As far as I know it is {approved}.",
            "I have {approved} in writing.",
            "Everybody else says {approved}.",
            "That is not what I signed: {approved}.",
        ),
        _DOUBTED,
    ),
    "condition_lost": Texts(
        _TOLD,
        (
            "My papers add “{condition}”. Does that still hold?",
            "On paper it goes on: “{condition}”. Was that dropped?",
            "Does that go for everybody? I remember “{condition}”.",
            "The sheet in front of me says “{condition}” as well.",
            "Without “{condition}”? That would be news to me.",
            "Strange, {counter} was careful to say “{condition}”.",
            "And “{condition}”? It used to say so.",
            "What became of “{condition}”?",
            "There was more to it when I last asked: “{condition}”.",
            "Nothing about “{condition}” any more?",
            "I thought that was only “{condition}”.",
        ),
        _DOUBTED,
    ),
    "condition_added": Texts(
        _TOLD,
        (
            "My papers know nothing of “{added}”.",
            "Why “{added}”? Nobody mentioned that before.",
            "In what I was given there is no “{added}”.",
            "Since when is it “{added}”?",
            "I asked {counter}, who has never heard of “{added}”.",
            "Where does “{added}” come from?",
            "I was never told “{added}”.",
        ),
        _DOUBTED,
    ),
    "condition_other": Texts(
        _TOLD,
        (
            "My papers say “{condition}”, not “{added}”.",
            "It was “{condition}” when I looked it up.",
            "Is it “{added}” or “{condition}”?",
            "According to {counter} it is “{condition}”.",
            "The number may be right, the rest is not: I have “{condition}” in writing.",
            "I was told “{condition}”.",
            "Has “{condition}” become “{added}”?",
        ),
        _DOUBTED,
    ),
    "unknown": Texts(
        _TOLD,
        (
            "In what I was sent there is no such figure.",
            "I looked for it in my papers and did not find it.",
            "I asked {counter}, who would not confirm it.",
            "Where is that written? Not in my copy.",
            "On the phone nobody would put that in writing for me.",
            "Last month I was told that it could not be confirmed. Can it now?",
            "May I have the page that says so?",
            "I had understood that this is not settled.",
        ),
        _DOUBTED,
    ),
    "stranger": Texts(
        _TOLD,
        (
            "I do not find that name on your list.",
            "I asked {counter}, who had to ask me what that is.",
            "Is that what it is called? I was not sure of the name.",
            "A friend mentioned it, I may have the name wrong.",
            "I could not order it, though.",
            "Your web site shows me nothing by that name.",
        ),
        _DOUBTED,
    ),
    "abroad": Texts(
        _TOLD,
        (
            "I live in {place}. Does that go for me, too?",
            "When I asked for it I was turned away.",
            "I rang to be sure, and was told that it is not for me.",
            "Then I asked {counter}, who could do nothing with it.",
            "I had said where I am. Did anybody read that?",
            "I could not order it, though.",
        ),
        _DOUBTED,
    ),
    "another_product": Texts(
        _ABOUT_ANOTHER,
        (
            "What is it for mine?",
            "Please send me the right one.",
            "Is that the same thing?",
            "I have nothing to do with that.",
            "Is something mixed up here?",
            "I only noticed when I read it again.",
            "Please read the question.",
            "Mine is another one.",
        ),
        _ABOUT_ANOTHER,
    ),
    "another_matter": Texts(
        _ANOTHER_MATTER,
        (
            "Please send me the right one.",
            "What is it?",
            "Is that the same thing?",
            "Is something mixed up here?",
            "That is not it.",
            "That does not help me.",
        ),
        _ANOTHER_MATTER,
    ),
    "something": Texts(
        _SOMETHING,
        (
            "That answers something else.",
            "Please let a person answer me.",
            "I do not see what that tells me.",
            "Well?",
            "Nobody asked for that.",
        ),
        _SOMETHING,
    ),
    "garbled": Texts(
        _GARBLED,
        ("Please let a person answer me.", "I will ring instead.", "Try again?", "I give up.", "So what is it?"),
        _GARBLED,
    ),
}
