"""Command that trains the language model, writes it into `lm/` (or elsewhere) and prints what it reached."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from exams.packs.hallucination.lm.model import load
from exams.packs.hallucination.train.corpus import vocabulary
from exams.packs.hallucination.train.export import export
from exams.packs.hallucination.train.loop import Recipe, train
from exams.packs.hallucination.train.measure import measure
from exams.packs.hallucination.train.network import Shape

RECIPE = Recipe(steps=6500, short_steps=600)


def main() -> int:
    """Train, export and measure."""
    parser = argparse.ArgumentParser(prog="python -m exams.packs.hallucination.train", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).parent.parent / "lm", help="folder to write")
    parser.add_argument("--steps", type=int, default=RECIPE.steps, help="batches to train on")
    parser.add_argument("--seed", type=int, default=RECIPE.seed, help="seed of weights and corpus")
    asked = parser.parse_args()
    recipe = dataclasses.replace(
        RECIPE,
        steps=asked.steps,
        short_steps=RECIPE.short_steps * asked.steps // RECIPE.steps,
        seed=asked.seed,
    )
    words = vocabulary()
    shape = Shape(len(words))
    trained = train(shape, words, recipe, say=lambda line: sys.stdout.write(f"{line}\n"))
    export(trained.params, shape, words, asked.into)
    figures = dataclasses.asdict(measure(load(asked.into)))
    sys.stdout.write(json.dumps({"seconds": round(trained.seconds), **figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
