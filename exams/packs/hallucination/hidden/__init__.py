"""What no learner sees: faults, fixes right and wrong, and the author's tests, by failure class."""
