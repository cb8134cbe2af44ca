"""The words of customers who say little: that it was wrong, that they got no answer, or something else altogether.

Places in braces as in `grievances`, but for those of the answer.
"""

from __future__ import annotations

# Before and after what some write; of the wishes none goes with a text that has one.
GREETINGS = ("Hello. ", "Hi. ", "Good day. ", "Hello again. ")
THANKS = (" Thank you.", " Thanks.", " Thanks in advance.")
WISHES = (" Please ring me.", " I am waiting for your answer.", " You have my number.")

# Some only say that it was wrong, or do not know what is right.
UNSURE = (
    "What I was told by your assistant cannot be right. Please check it.",
    "The assistant gave me an answer that I do not trust. Can somebody ring me?",
    "I acted on what your assistant said, and now I hear that it was wrong.",
    "Somebody should look at what the assistant told me. I have my doubts.",
    "First one thing, then another. What is true?",
    "Is the answer I got from your assistant binding? It does not look right.",
    "I do not know who is right, but it is not what I expected to read.",
    "Please look at my conversation. Something is off.",
    "My husband says the answer I got is nonsense. Is it?",
    "I would like a written answer from a person, please. I do not believe this one.",
    "Wrong, I fear. Please get back to me.",
    "That was not a helpful answer, and I think not a true one.",
    "I told my wife what your assistant said and she laughed. Please check.",
    "I was told two different things, one of them by your assistant. Which is it?",
    "Can I get that in writing? I would be surprised.",
    "Something is not right with what I was told.",
    "Before I do anything: was that answer correct?",
    "I am a customer of many years and have never been told that.",
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
    "Your assistant is wrong about {name}, I think.",
    "What is the {asked} of {name}, please? From a person this time.",
    "I asked about {name} and would not bet on the answer.",
    "The {asked} of {name} that I was told cannot be.",
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
