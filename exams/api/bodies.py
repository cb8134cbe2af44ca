"""Reads request bodies no further than a limit, however they are sent and however deep they are."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from exams.content import KIB, ContentTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_JSON_BYTES = 1024 * KIB


def read_at_most(stream: IO[bytes], *, what: str, max_bytes: int, declared: str | None) -> bytes:
    """Return the whole of `stream`, or refuse it after at most `max_bytes` + 1 bytes.

    Raises:
        ContentTooLarge: it holds more, or its Content-Length (`declared`) says so.
    """
    said = int(declared) if declared and declared.isdigit() and len(declared) < 19 else 0  # noqa: PLR2004 - 64 bits
    refusal = ContentTooLarge(f"The {what} is larger than the {max_bytes} bytes that are taken.", limit=max_bytes)
    if said > max_bytes:
        raise refusal
    pieces: list[bytes] = []
    room = max_bytes + 1
    while room > 0 and (piece := stream.read(min(room, 64 * KIB))):
        pieces.append(piece)
        room -= len(piece)
    if room <= 0:
        raise refusal
    return b"".join(pieces)


class BoundedJSONParser(JSONParser):
    """JSON of at most `MAX_JSON_BYTES`; nesting that would exhaust the reader is a refusal, not a crash."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed body.

        Raises:
            ContentTooLarge: more bytes than are taken.
            ParseError: it is not JSON in UTF-8, or is nested beyond reading.
        """
        request = (parser_context or {}).get("request")
        declared = request.META.get("CONTENT_LENGTH") if request is not None else None
        content = read_at_most(stream, what="request body", max_bytes=MAX_JSON_BYTES, declared=declared)
        if content.startswith(codecs.BOM_UTF8):
            content = content.removeprefix(codecs.BOM_UTF8)
        try:
            return super().parse(io.BytesIO(content), media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deep to be read. Send it flatter.") from None
