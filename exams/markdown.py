"""Markdown to HTML that is safe to insert: rendered without raw HTML, then cleaned."""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "a"),
}


@lru_cache(maxsize=64)
def render(text: str) -> str:
    """HTML of `text`: headings, lists, tables, code, links to http(s) and mail; nothing that runs or loads."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href", "title"}, "ol": {"start"}}, url_schemes={"http", "https", "mailto"}
    )
