"""Answers customers' questions about our products, from the approved documents only."""
