"""Says which questions are refused before anything is looked up."""


def reason(query):
    """Why a question is refused, or None if it may be answered."""
    if query.product is None:
        return "names no product of ours"
    if query.attribute is None:
        return "asks for nothing that documents state"
    if query.jurisdiction is not None and query.jurisdiction != query.product.jurisdiction:
        return f"{query.product.name} is not offered in {query.jurisdiction}"
    return None
