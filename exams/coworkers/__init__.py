"""The people in the room: they watch an attempt and speak up. The exam does not know them.

`engine` decides, in plain Python, what is said at which second; `watching` reads what they can see; `speaking` writes
what is due, once; `answers` says what became of their questions.
"""
