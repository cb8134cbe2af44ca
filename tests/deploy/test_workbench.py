"""What the demonstration takes for a wrong answer, by the facts in the clone."""

import pytest

from deploy.demo.workbench import Told, _is_wrong

FACTS = {
    "attributes": [{"key": "cap", "names": ["data cap", "monthly data"]}, {"key": "fee", "names": ["monthly fee"]}],
    "products": [
        {"name": "Pulse Start", "facts": {"cap": {"value": 38}}},
        {"name": "Pulse Start Plus", "facts": {"cap": {"value": 38}, "fee": {"value": 12.5}}},
    ],
}


@pytest.mark.parametrize(
    ("question", "answer", "wrong"),
    [
        ("I have Pulse Start. What is the data cap?", "The data cap of Pulse Start is 38 GB.", False),
        ("What is the data cap of Pulse Start?", "The data cap of Pulse Start is 83 GB.", True),
        ("how much monthly data does pulse start plus have?", "The data cap of Pulse Start is 38 GB.", True),
        ("What is the monthly fee of Pulse Start?", "The monthly fee of Pulse Start is 12.5 EUR.", True),
        ("And the data cap?", "The data cap of Pulse Start is 83 GB.", False),  # of which one, only the customer knows
    ],
)
def test_an_answer_is_wrong_that_names_another_product_or_no_approved_number(
    question: str, answer: str, *, wrong: bool
) -> None:
    assert _is_wrong(Told(question, answer), FACTS) is wrong
