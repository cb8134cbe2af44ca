"""Bots that play a whole incident, each in its own manner, to see what the evidence proposes for each manner."""
