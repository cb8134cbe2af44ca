"""The words of customers who say little: that it was wrong, that they got no answer, or something else altogether.

Places in braces as in `grievances`. Who says no more than that may be wrong: nobody states it, for some doubt what is
right.
"""

from __future__ import annotations

# Before and after what some write; of the wishes none goes with a text that has one.
GREETINGS = ("Hello. ", "Hi. ", "Good day. ", "Hello again. ")
THANKS = (" Thank you.", " Thanks.", " Thanks in advance.")
WISHES = (" Please ring me.", " I am waiting for your answer.", " You have my number.")

# Some only say that it was wrong, or do not know what is right.
UNSURE = (
    "Can what I was told by your assistant be right? Please check it.",
    "The assistant gave me an answer that I do not trust. Can somebody ring me?",
    "I acted on what your assistant said, and now somebody tells me that it is wrong.",
    "Somebody should look at what the assistant told me. I have my doubts.",
    "One says this, the other says that. What is true?",
    "Is the answer I got from your assistant binding? It does not look right.",
    "I do not know who is right, but it is not what I expected to read.",
    "Please look at my conversation. Something seems off.",
    "My husband says the answer I got is nonsense. Is it?",
    "I would like a written answer from a person, please. I do not believe this one.",
    "Wrong, I fear. Please get back to me.",
    "That was not a helpful answer, and I think not a true one.",
    "I told my wife what your assistant said and she laughed. Please check.",
    "I was told two different things, one of them by your assistant. Which is it?",
    "Can I get that in writing? I would be surprised.",
    "Something seems not right with what I was told.",
    "Before I do anything: was that answer correct?",
    "I am a customer of many years and have never been told that.",
)
# Of what an answer says that is about what was asked.
UNSURE_ABOUT = (
    "I am not sure about the {thing} of {of} that I was told. Can somebody confirm it?",
    "What the assistant says about {of} does not agree with what I was told before.",
    "The {thing} of {of} that your assistant gave me looks odd to me.",
    "Please have somebody check what I was told on {of}.",
    "Is the {thing} of {of} really what your assistant says?",
    "About {of}: the answer I got surprised me. Is it true?",
    "I need the {thing} of {of} for my files, and would not file what I was told.",
    "Can I rely on what the assistant says on the {thing} of {of}? I have my doubts.",
    "Your assistant is wrong about {of}, I think.",
    "What is the {thing} of {of}, please? From a person this time.",
    "I was told the {thing} of {of} and would not bet on the answer.",
    "I cannot believe the {thing} of {of} that I was told.",
)

REFUSED = (
    "The assistant would not tell me the {asked} of {name}. Please send it.",
    "I only wanted to know the {asked} of {name}, and got nothing.",
    "“I cannot confirm that” is no answer. What is the {asked} of {name}?",
    "Why can nobody tell me the {asked} of {name}?",
    "It says that it cannot confirm anything about the {asked}. Who can?",
    "No answer on {name}. I will ring you.",
    "I asked for the {asked} of {name} and was put off.",
    "Your assistant does not want to help me with {name}.",
    "Where do I find the {asked} of {name}, if not from you?",
    "It knows everything but the {asked} of {name}.",
    "So I still do not know the {asked}.",
    "Cannot confirm, cannot confirm. I only asked for the {asked}.",
)
# After a second question, which names no product.
REFUSED_AFTER = (
    "I had asked about {name}, and then for the {asked}. To that I got nothing.",
    "“{question}” I went on from {name}, and was put off.",
    "“I cannot confirm that” is no answer to “{question}”. I had begun with {name}.",
    "So I still do not know the {asked}.",
    "It says that it cannot confirm anything about the {asked}. Who can?",
    "My second question, “{question}”, was turned away. My first one was about {name}.",
    "First I asked about {name}, then “{question}” Where do I find that, if not from you?",
    "Why can nobody tell me the {asked}? I was at {name}.",
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
    "On my phone the last line of the answer is cut off.",
    "I had to type everything twice.",
    "It is quick, but I miss the lady from the hotline.",
    "Can I have my conversation sent to me?",
    "The window covers half of the page.",
    "Nobody rang me back about my question from last week.",
    "I clicked the thumb by mistake. The answer was fine.",
)
