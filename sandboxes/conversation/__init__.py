"""One container's whole use, from its job to its end, the same over every engine: serve a tree or run a test."""

from sandboxes.conversation.box import Box, await_ready
from sandboxes.conversation.running import run_test_in
from sandboxes.conversation.serving import ServedTree, serve_in

__all__ = ["Box", "ServedTree", "await_ready", "run_test_in", "serve_in"]
