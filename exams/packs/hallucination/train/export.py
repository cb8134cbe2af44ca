"""From trained weights to the folder that ships: round to the lattice, store, hash, fingerprint."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from exams.packs.hallucination.lm import model as lm
from exams.packs.hallucination.lm.golden import self_test
from exams.packs.hallucination.lm.lattice import STEP
from exams.packs.hallucination.lm.vocabulary import Vocabulary
from exams.packs.hallucination.train.network import Params, Shape, rotary

_INT16 = 2**15 - 1


def quantised(params: Params, shape: Shape) -> dict[str, Any]:
    """Round the weights to 16-bit multiples of the lattice's step, the rotary tables to theirs."""
    cosine, sine = rotary(shape)
    arrays = {"embedding": params["embedding"]}
    for number, layer in enumerate(params["layers"]):
        arrays.update({f"layer{number}.{part}": matrix for part, matrix in layer.items()})
    rounded = {name: np.rint(np.asarray(matrix, np.float64) / STEP) for name, matrix in arrays.items()}
    rounded["cosine"] = np.rint(cosine / lm.ROTARY_STEP)
    rounded["sine"] = np.rint(sine / lm.ROTARY_STEP)
    for name, array in rounded.items():
        if np.abs(array).max() > _INT16:
            raise OverflowError(f"{name} holds a weight beyond ±{_INT16 * STEP:.2f}: train with more decay.")
    return {name: array.astype(np.int16) for name, array in rounded.items()}


def export(params: Params, shape: Shape, vocabulary: Vocabulary, folder: Path) -> lm.Model:
    """Write weights, vocabulary and manifest into a folder and give the model as it will be loaded from there."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = quantised(params, shape)
    np.savez_compressed(folder / lm.WEIGHTS, **arrays)
    vocabulary.write(folder / lm.VOCABULARY)
    model = lm.Model(vocabulary, arrays, heads=shape.heads)
    manifest = {
        "files": {name: sha256((folder / name).read_bytes()).hexdigest() for name in (lm.VOCABULARY, lm.WEIGHTS)},
        "golden": self_test(model),
        "heads": shape.heads,
        "parameters": model.parameters,
    }
    (folder / lm.MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return model
