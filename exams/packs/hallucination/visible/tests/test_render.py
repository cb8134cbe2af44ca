from assistant import render


def test_an_answer_ends_with_a_full_stop():
    assert render.present("The late fee  is 39 USD") == "The late fee is 39 USD."
