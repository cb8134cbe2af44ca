"""The incident pack of the hallucinating assistant; see `pack` for the promise it keeps."""

from exams.packs.hallucination.pack import HallucinationPack

PACK = HallucinationPack()
