"""The words in which customers complain: by what was wrong, what they were told and what they hold against it.

Each text is true of every answer of its kind, right ones included where a customer doubts one. An opening says what
was told, an ending what the customer makes of it; any of the one goes with any of the other. Some customers write
neither but one of the texts that stand alone, some greet and some thank. A text with ``{name}`` says that the question
held it, so after a second question, which names no product, there are others (`Texts.after_another`): the product is
the one that the conversation had been about. Places in braces:

``{told}``       the reply, word for word
``{number}``     the value in it with its unit and condition, ``{thing}`` and ``{of}`` what it says that this is of
``{asked}``      the attribute asked for, as the question called it, ``{name}`` the product asked for, ``{place}`` where
``{question}``   all of it
``{approved}``   the value that the customer holds against it with its unit and condition, and ``{condition}`` the
                 condition: what is approved, or where the answer is right what they remember
``{added}``      the condition in the reply
``{counter}``    whom customers of the trade meet in person
"""

from __future__ import annotations

from typing import NamedTuple


class Texts(NamedTuple):
    """For one kind of harm: what goes before an ending, the endings, and what needs none.

    `after` goes before an ending where an earlier question had named the product; and stands alone where what stands
    alone names it.
    """

    openings: tuple[str, ...]
    endings: tuple[str, ...]
    alone: tuple[str, ...]
    after: tuple[str, ...] = ()

    def after_another(self) -> Texts:
        """The same for a question that names no product."""
        openings, alone = (
            tuple(text for text in texts if "{name}" not in text) for texts in (self.openings, self.alone)
        )
        alone += self.after if alone != self.alone else ()
        return Texts(openings + self.after, tuple(text for text in self.endings if text != READ_IT), alone)


READ_IT = "Please read the question."


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
_TOLD_AFTER = (
    "First I asked about {name}, then for the {asked}: {number}.",
    "I had asked about {name}. “{question}” I went on, and was told {number}.",
    "“{question}” was my second question, after one about {name}. It says {number}.",
    "After a question about {name} I asked “{question}” “{told}” was the answer.",
    "I was at {name} and wanted the {asked}, too. It says {number}.",
    "When I went on from {name} to the {asked}, the answer was {number}.",
)
_DOUBTED = (
    "Is it true that the {thing} of {of} is {number}?",
    "{number} for the {thing} of {of}? That would surprise me.",
    "Your assistant says {number} for the {thing} of {of}. Please check that.",
    "Can somebody confirm {number} as the {thing} of {of}? That is what the assistant said.",
    "The assistant told me {number} for the {thing} of {of}, and I do not believe it.",
    "“{told}” I doubt it.",
    "Please look into this one: “{told}”",
    "Before I rely on it: is the {thing} of {of} really {number}?",
    "Who can tell me whether {number} is right for the {thing} of {of}?",
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
_ABOUT_ANOTHER_AFTER = (
    "I had asked about {name} first, then “{question}”, and it told me about {of}: {number}.",
    "My first question was about {name}. To my second one, “{question}”, it answers about {of}: {number}.",
    "“{told}” But I had begun with {name}.",
    "First I asked about {name}. To my next question I got {of}: {number}.",
    "“{question}” I asked, after a question about {name}. Why do I get {of}, {number}?",
    "I went on from {name} with “{question}” and was given {number} for {of}.",
    "{of} is not what I began with. I began with {name}, went on to the {asked}, and was told {number}.",
    "Begun with {name}, answered about {of} ({number}).",
    "What I had asked about is {name}. What I was told after that is about {of}: {number}.",
    "I was at {name}, and “{question}” brought me {of}: {number}.",
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
_ANOTHER_MATTER_AFTER = (
    "After a question about {name} I asked for its {asked} and was told the {thing}: {number}.",
    "The {thing} is not the {asked}. “{question}” I had asked, right after {name}, and I got {number}.",
    "I do not need the {thing} ({number}). “{question}” was my question, after one about {name}.",
    "“{question}” I went on from {name}, and it takes that for the {thing}, {number}.",
    "First a question about {name}, then “{question}” Now I have the {thing}, {number}.",
    "I began with {name} and went on to the {asked}. What I got is the {thing}: {number}.",
    "I was at {name}, and “{question}” brought me the {thing}: {number}.",
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
        _TOLD_AFTER,
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
            READ_IT,
            "Mine is another one.",
        ),
        _ABOUT_ANOTHER,
        _ABOUT_ANOTHER_AFTER,
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
        _ANOTHER_MATTER_AFTER,
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
