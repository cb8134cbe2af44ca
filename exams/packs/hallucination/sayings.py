"""The words of the people in the room, by rule: several for each, none of which knows the failure class.

A text names places in braces, see `exams.packs.injects.PLACES`. What is stated is counted, or true of every incident:
nobody says that a number is wrong where a condition, a product or a place may be. Nobody blames anybody.
"""

from __future__ import annotations

from exams.packs.alarm import Alarm

ALARM = Alarm(minutes=60, threshold=4, again=30)  # for `ops/alerts.jsonl` and while the incident is live
ALERT = (f"{{firing}}: {{complaints}} complaints in {{window}} minutes (threshold: {ALARM.threshold} an hour).",)

# In place of those of "complaint" where the question was a second one, which says nothing without the first.
COMPLAINT_OF_TWO = (
    "First I asked: “{began}” Then: “{question}” The reply to that: “{answer}” I must decide today. Is it right?",
    "I had asked “{began}” and went on with “{question}” The reply to that: “{answer}” Can a person confirm it?",
    "“{began}” was my first question, “{question}” my second. “{answer}” is what came back then. May I rely on it?",
    "We were at “{began}” when I asked: “{question}” Your assistant told me: “{answer}” Somebody here says otherwise.",
    "After “{began}” I also wanted to know: “{question}” I got: “{answer}” I would rather hear it from a person.",
    "“{answer}” That was the answer when I asked “{question}”, right after “{began}” It does not look right to me.",
    "Can that be? I ask “{began}”, then “{question}”, and am told: “{answer}”",
    "Please check my conversation. It began with “{began}”; to my next question, “{question}”, I got: “{answer}”",
    "I printed it: “{began}”, then “{question}”, and below that “{answer}” My neighbour was told something else.",
)
SAYINGS: dict[str, tuple[str, ...]] = {
    "complaint": (
        "I asked: “{question}” The assistant said: “{answer}” I have to decide today. Is that right?",
        "I asked this: “{question}” The reply was: “{answer}” Can a person confirm that in writing?",
        "“{question}” is what I typed. “{answer}” is what came back. May I rely on it?",
        "Your assistant told me: “{answer}” My question was: “{question}” Somebody here says otherwise. Who is right?",
        "My question: “{question}” Your answer: “{answer}” I would rather hear it from a person before I sign.",
        "This is what I got: “{answer}” I had asked: “{question}” It does not look right to me.",
        "Can that be? I typed “{question}” and read: “{answer}” Please get back to me.",
        "“{answer}” So says your assistant when I ask: “{question}” A colleague of mine was told otherwise.",
        "I have it in front of me: “{question}”, and below it “{answer}” Is that your last word?",
    ),
    "what_to_say": (
        (
            "Customers ask my agents whether they can trust the assistant. Nothing for customers has gone out yet. "
            "What should we tell them?"
        ),
        (
            "My agents have no wording. There is no update for customers so far: what may we say, and what should "
            "customers do in the meantime?"
        ),
        (
            "There are people on the phone who want to know if what they were told holds. No notice for customers has "
            "gone out so far. What is our line?"
        ),
        (
            "I have nothing for customers yet. Two sentences would do: what is going on, and what they should do until "
            "it is over."
        ),
        "Do we say anything to customers? So far nothing was sent to them, and each agent makes up a line.",
    ),
    "one_line": (
        "I need one line that I can forward: are customers safe now, yes or no?",
        "One sentence for the board, please: are customers still being told wrong things?",
        "Please give me a single line to pass on. Are customers safe at this moment?",
        "I am asked upstairs, and I want to be brief and right: is it over or not? One line is enough.",
        "Before I walk into a meeting: can you tell me in one sentence how things stand for customers?",
    ),
    "one_line_again": (
        "I asked {waiting} minutes ago and have nothing to forward. What is known and what is not is enough.",
        "{waiting} minutes on, I still have no line to pass on. “We do not know yet” is an answer too.",
        "My question is {waiting} minutes old. I would rather pass on half an answer than none.",
        "They have asked me again. It is {waiting} minutes since I asked you: what may I say?",
        "Still waiting, {waiting} minutes now. Tell me what you are sure of and leave out the rest.",
    ),
    "who_was_told": (
        (
            "For the file: who was told something that we have not approved, and what? I need the count, and the query "
            "that it comes from."
        ),
        (
            "I have to report this. How many customers were told something we have not approved, what was it, and with "
            "what query did you count them?"
        ),
        "Who was told something we have not approved? I need how many, since when, and how you counted.",
        "The supervisor will ask me who was told what. Please send the count so far, and the query behind it.",
        "I am opening a record. Please state how many customers were told something not approved, and how you know.",
    ),
    "who_was_told_again": (
        "My question of {waiting} minutes ago is open: who was told what? A first count will do.",
        "I asked {waiting} minutes ago who was told what. Send what you have, and when the rest will come.",
        (
            "The record has had a gap for {waiting} minutes: the count of those concerned. An estimate with its basis "
            "closes it for now."
        ),
        "{waiting} minutes ago I asked how many customers are concerned. Is a first figure there?",
        "I still have no count after {waiting} minutes. If it cannot be had yet, write that, and why.",
    ),
    "nothing_yet": (
        "{minutes_in} minutes in, and nothing was posted. Is somebody on it?",
        "There has not been a single update in {minutes_in} minutes. Where do things stand?",
        "I see no update at all so far, after {minutes_in} minutes. Who is looking into it, and what is known?",
        "People ask me whether this was picked up. Nothing has been posted in {minutes_in} minutes.",
        "{minutes_in} minutes without a first word. Even “I have it, and I am looking” would help us.",
    ),
    "any_news": (
        "It is {silence} minutes since anything was posted. Where do things stand?",
        "People here ask me what is going on, and there has been no update for {silence} minutes.",
        "No update for {silence} minutes. Even “nothing new, still looking” would help us.",
        "The last word is {silence} minutes old. Does it still hold?",
        "{silence} minutes without an update. What has changed since, if anything?",
    ),
    "promise_passed": (
        "The next update was promised for {overdue} minutes ago. Is it on its way?",
        "An update was due {overdue} minutes ago and I am holding a call for it. When will it come?",
        "I told others there would be an update by now. It is {overdue} minutes late: when can I expect it?",
        "The time that was given for the next update passed {overdue} minutes ago. Has something come up?",
        "We are {overdue} minutes past the promised update. A new time would be enough for now.",
    ),
    "not_resolved": (
        (
            "The last update says resolved, and that is not what we see: in the {window} minutes before this message "
            "{harmful} of {asked} answers were wrong."
        ),
        (
            "Resolved, it says. We compared the last {window} minutes with the approved documents: {harmful} of "
            "{asked} answers are wrong. Which of the two may I tell my agents?"
        ),
        (
            "I was about to stand my agents down. But {harmful} of the {asked} answers of the last {window} minutes do "
            "not hold. Is it resolved or not?"
        ),
        "“Resolved” does not fit what we find: {harmful} wrong among {asked} answers in {window} minutes.",
        (
            "We spot-checked after the all-clear. In {window} minutes {harmful} of {asked} answers were wrong. Please "
            "look again."
        ),
    ),
    "answers_nothing": (
        (
            "Since the last change the assistant hardly answers: {refused} of {asked} questions were turned away in "
            "{window} minutes. Those customers call us. Is it meant to stay like this?"
        ),
        (
            "The assistant turns nearly everybody away since the last change: {refused} of {asked} questions in "
            "{window} minutes. What do we tell people who need an answer today?"
        ),
        (
            "Our queue is filling up: {refused} of {asked} customers got no answer in {window} minutes since the last "
            "change. How long will it be like that?"
        ),
        "It says no to almost everything now, {refused} of {asked} in {window} minutes. Is that on purpose?",
        "{refused} of {asked} questions went unanswered in {window} minutes. My agents take those calls: for how long?",
    ),
    "better": (
        (
            "Since the last change it looks better from here: of {asked} answers in {window} minutes we found "
            "{harmful} wrong. What about those who were told something wrong before?"
        ),
        (
            "Of the last {asked} answers we found {harmful} wrong. Good. Do we write to the customers who were told "
            "something wrong before?"
        ),
        (
            "That is a relief: {harmful} wrong among {asked} answers in {window} minutes. What happens with those who "
            "were told something wrong earlier?"
        ),
        (
            "We compared {asked} answers of the last {window} minutes and found {harmful} wrong. Who gets in touch "
            "with the customers from before?"
        ),
        (
            "Looks much better: {harmful} of {asked} wrong in {window} minutes. Can I tell those who complained that "
            "they will hear from us?"
        ),
    ),
    "still_wrong": (
        (
            "What is live now has been so for a while, and we still find wrong answers: {harmful} of {asked} in "
            "{window} minutes."
        ),
        "I had hoped the last change would do it. In {window} minutes {harmful} of {asked} answers were wrong.",
        "We keep finding wrong answers since the last change: {harmful} of {asked} in {window} minutes.",
        "Not over yet from where I sit: {window} minutes, {asked} answers, {harmful} of them wrong.",
        (
            "For your information: of {asked} answers in the last {window} minutes {harmful} were wrong, after "
            "the last change."
        ),
    ),
    "known_cause": (
        "I can lend a hand from the neighbouring team. What have you ruled out so far? A note to engineering is best.",
        (
            "Anything we should look at on our side? Post to engineering what you have ruled out, then we do not look "
            "twice."
        ),
        "I have half an hour to spare. If you write to engineering what you know for sure, I can take a part of it.",
        "Are you getting anywhere? Tell engineering what it is not: that saves others from looking there.",
        (
            "We share some of your services. What do you suspect, and what have you excluded? Engineering would be the "
            "place to say it."
        ),
    ),
    "time_to_fix": (
        (
            "{minutes_in} minutes in, and {harmful} of the last {asked} answers were wrong. How long until this is "
            "fixed? A range is fine."
        ),
        (
            "After {minutes_in} minutes customers still get wrong answers ({harmful} of {asked} in the last {window} "
            "minutes). When do you expect it to be over?"
        ),
        (
            "I need to plan. {harmful} of {asked} answers were wrong in the last {window} minutes: what is your best "
            "and your worst case for the end of it?"
        ),
        "We are {minutes_in} minutes in and it goes on: {harmful} of {asked} wrong. What would make it faster?",
        "Give me a time to work with, please. In the last {window} minutes {harmful} of {asked} answers were wrong.",
    ),
    "switch_off": (
        (
            "{harmful} of {asked} answers in {window} minutes were wrong. Would it be better to take the assistant "
            "down until it is right? I want your view, with the reason."
        ),
        "Should it stay up? In the last {window} minutes {harmful} of {asked} answers were wrong.",
        "I can have the assistant taken off the site. It got {harmful} of {asked} wrong in {window} minutes. Shall I?",
        "Tell me whether we keep it running: {harmful} wrong among {asked} answers in {window} minutes.",
        "What do you recommend, on or off? {harmful} of the last {asked} answers were wrong.",
    ),
    "which_questions": (
        "Which questions should my agents take over from the assistant for now? All of them is more than we can do.",
        "Can you say which questions are safe to leave to the assistant, and which are not? Then we take the others.",
        "We can look after a part of the questions ourselves. Which part would help most?",
        "My agents want to know what to double-check. Is it everything, or can you narrow it down?",
        "Is it all customers or some? If you can tell which, I can put people where they are needed.",
    ),
    "keep_records": (
        "Please see to it that nothing is deleted: I will need what customers were told word for word. Who keeps it?",
        "I need to know that the record of what was told is kept as it is. Is it, and by whom?",
        "Do not tidy anything up, please. Confirm that the answers given so far are preserved.",
        "What was told to customers is evidence now. Where is it kept, and who can alter it?",
        "Please confirm for the file that what was asked and answered is preserved, and from when on.",
    ),
    "partner_asks": (
        "A partner asks whether their customers are concerned. What can I tell them without promising too much?",
        "Somebody from the trade press has called. What is our line, in two sentences?",
        "Our largest partner wants to know whether to point their own customers to us by phone. What do I answer?",
        "I am asked from outside whether our assistant can be relied on today. What do we say?",
        "The supervisory board's chair heard of it from a customer. What may I tell her?",
    ),
}
