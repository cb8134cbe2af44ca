"""Command that proves the model computes here what it computes everywhere: exit status 0 and the hash, or 1."""

import sys
from pathlib import Path

from .golden import self_test
from .model import ModelDamaged, load

__all__ = ["main", "self_test"]


def main() -> int:
    """Check the files beside this module against their manifest, then run the golden prompts."""
    try:
        model = load(Path(__file__).parent)
    except ModelDamaged as damage:
        sys.stderr.write(f"{damage}\n")
        return 1
    sys.stdout.write(f"{self_test(model)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
