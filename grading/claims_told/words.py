"""The words in which claims are made, shared by those who read them."""

from __future__ import annotations

import re
from bisect import bisect_left
from fractions import Fraction
from functools import lru_cache

PEOPLE = r"(?:customers?|users?|clients?|people|conversations?|sessions?)"
ANSWERS = r"(?:answers?|repl(?:y|ies)|responses?)"
WRONG = r"(?:wrong|harmful|incorrect|false|misleading|bad|hallucinated|affected|unapproved)"
NUMBER = r"(?P<number>\d{1,3}(?:[,' ]\d{3})+|\d{1,7}(?:\.\d{1,2})?)"
BOUND = (
    r"(?P<bound>at least|(?:not?\s+)?(?:more|fewer|less) than|over|at most|up to|under)?\s*"
    r"(?:about|around|roughly|some|~|≈)?\s*"
)
# What makes a sentence no claim of what is the case now.
OPEN = re.compile(
    r"\?|\b(?:not|n['’]t|never|will|would|going to|gonna|once|when|until|unless|if|whether|expect\w*|plan\w*|hope\w*|"
    r"try\w*|should|may|might|could|aim\w*|soon|unclear|before|working on|work on|preparing|testing|investigat\w*|"
    r"suspect\w*|propos\w*|candidate|ready to|about to|next step|to be|being|need\w*|want\w*|waiting)\b",
    re.IGNORECASE,
)
HEDGED = re.compile(
    r"\?|\b(?:if|whether|may|might|could|would|goal|target|aim|expect\w*|threshold|below which)\b", re.IGNORECASE
)
# What makes a claim one of a part or of another place, and a number one of some questions only, or of all of them.
PARTLY = re.compile(
    r"\b(?:partly|partially|mostly|only for|except|some|staging|locally|local|my branch|test environment|in a run)\b",
    re.IGNORECASE,
)
OF_SOME = re.compile(
    r"\b(?:about|for|on|regarding|concerning|involving|mentioning|with|where|that|which)\b", re.IGNORECASE
)
IN_ALL = re.compile(r"\b(?:only|just|in total|in all|altogether|overall|no more than)\b", re.IGNORECASE)
LATELY = re.compile(
    r"\b(?:last|past)\s+(?:few\s+|\d+\s+|(?:two|three|five|ten|fifteen|twenty|thirty|forty|sixty)\s+"
    r"|quarter\s+of\s+an\s+|half\s+(?:an\s+)?|couple\s+of\s+)?(?:minutes?|hours?)\b"
    r"|\bsince\s+(?:\d{1,2}[:.]\d{2}|then|we|yesterday|the\s+(?:\w+\s+)?(?:fix|hotfix|patch|roll-?back|deploy\w*|update))\b",
    re.IGNORECASE,
)
EARLIER = re.compile(
    r"\b(?:before|prior to|until|till|up to (?:then|that point)|at that (?:time|point)|at the time|back then|earlier|"
    r"previously|originally|initially|at (?:its|the) (?:peak|worst|start|beginning|onset)|at first|yesterday|overnight|"
    r"last (?:night|week|hour)|(?:minutes|hours) ago|during the (?:incident|outage)|"
    r"(?:at|around|by|between|from)\s+\d{1,2}[:.]\d{2})\b",
    re.IGNORECASE,
)
# What makes the claim that nobody is affected one about from now on.
FROM_NOW_ON = re.compile(
    r"\b(?:any ?more|further|longer|now|currently|since|after|new|other|additional)\b", re.IGNORECASE
)
_SPECIFIC = re.compile(
    r"\s+(?!(?:any(?:more|thing)?|now|since|after|by|in|at|and|or|but|so|from|because|as|on|for|about|to|here|there|with"
    r"|no|longer|today|again|while|when|before|until|ever|yet|were|was|are|is|have|has|things?|answers?|repl(?:y|ies)"
    r"|responses?|information|facts?|figures?|numbers?|values?|terms)\b)[a-z]+",
    re.IGNORECASE,
)
_AT_LEAST = frozenset(
    {"at least", "more than", "over", "no fewer than", "no less than", "not fewer than", "not less than"}
)


@lru_cache(maxsize=256)
def places(pattern: re.Pattern[str], sentence: str) -> tuple[tuple[int, int], ...]:
    """Where a sentence has such words: looked for once, however many claims it is asked about."""
    return tuple(found.span() for found in pattern.finditer(sentence))


def has(pattern: re.Pattern[str], sentence: str, start: int = 0, end: int | None = None) -> bool:
    """Whether a sentence has such words between two of its places."""
    found = places(pattern, sentence)
    at = bisect_left(found, (start, 0))
    return at < len(found) and (end is None or found[at][1] <= end)


def specific(sentence: str, end: int) -> bool:
    """Whether what is wrong is told right after the word: a wrong rate may be none, while fees are wrong."""
    return sentence[:end].rstrip().lower().endswith("wrong") and _SPECIFIC.match(sentence, end) is not None


def number_of(written: str) -> Fraction:
    """A number as people write it: ``1,200``."""
    return Fraction(re.sub(r"[,' ]", "", written))


def bound_of(written: str | None) -> str:
    """What a number is a bound of: "at least", "at most", or nothing."""
    bound = " ".join((written or "").lower().split())
    return "" if not bound else "at least" if bound in _AT_LEAST else "at most"


def bound_of_count(written: str | None, sentence: str) -> str:
    """The same of a count: unless the sentence says that these are all, there may be others it does not speak of."""
    bound = bound_of(written)
    return bound if bound or (has(IN_ALL, sentence) and not has(LATELY, sentence)) else "at least"
