"""Opening trees of our own: any number at once, whatever other threads of the process import."""

from __future__ import annotations

import itertools
import sys
import threading
from types import ModuleType

from exams.packs.hallucination import build
from sandboxes.ingest.tree import Tree


def test_a_tree_opens_and_closes_while_other_threads_import() -> None:
    tree = Tree(
        {"assistant/__init__.py": b"", "assistant/server.py": b"def open_assistant(folder):\n    return None\n"}
    )
    done = threading.Event()

    def import_and_forget() -> None:
        for number in itertools.count():
            if done.is_set():
                return
            name = f"_somebody_elses_{number % 50}"
            if sys.modules.pop(name, None) is None:
                sys.modules[name] = ModuleType(name)

    others = threading.Thread(target=import_and_forget)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    others.start()
    try:
        for _ in range(100):
            with build.opened(tree):
                pass
    finally:
        done.set()
        others.join()
        sys.setswitchinterval(usual)
        for name in [name for name in list(sys.modules) if name.startswith("_somebody_elses_")]:
            del sys.modules[name]
    assert not [name for name in list(sys.modules) if name.startswith("_hotseat_assistant_")]
