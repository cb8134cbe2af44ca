"""Plays one whole incident against a running platform, through HTTP and git only."""
