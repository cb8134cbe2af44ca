"""Images of ours that nobody uses go after a month; those in use, lately used or somebody else's stay."""

import io
import secrets
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from docker import APIClient
from docker.errors import ImageNotFound

from sandboxes.image.tidy import tidy

pytestmark = pytest.mark.docker

MONTH = 30 * 24 * 3600.0


class Shelf:
    """A repository of tiny images that only this test knows."""

    def __init__(self, api: APIClient) -> None:
        self.api = api
        self.repository = f"hotseat-tidy-{secrets.token_hex(4)}"

    def put(self, tag: str = "") -> str:
        """Put an image there; each has bytes of its own."""
        bundle = io.BytesIO()
        with tarfile.open(fileobj=bundle, mode="w") as tar:
            tar.addfile(tarfile.TarInfo(secrets.token_hex(8)))
        name = f"{self.repository}:{tag or secrets.token_hex(10)}"
        self.api.import_image_from_data(
            bundle.getvalue(), repository=self.repository, tag=name.partition(":")[2], changes=['CMD ["none"]']
        )
        return name

    def tagged_at(self, name: str) -> str:
        """When the engine says it was used."""
        facts: dict[str, Any] = self.api.inspect_image(name)  # type: ignore[no-untyped-call]
        return str(facts["Metadata"]["LastTagTime"])

    def names(self) -> set[str]:
        """What is there now."""
        return {name for image in self.api.images(self.repository) for name in image["RepoTags"] or ()}

    def tidy(self, current: str, *, unused_seconds: float) -> int:
        """As a start does, in this repository only."""
        return tidy(lambda _: None, current=current, repository=self.repository, unused_seconds=unused_seconds)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with APIClient(version="auto") as api:
        found = Shelf(api)
        yield found
        for name in found.names():
            api.remove_image(name, force=True)


def test_what_was_not_used_for_long_goes_and_the_current_one_stays(shelf: Shelf) -> None:
    old, older, current = shelf.put(), shelf.put("debian-" + "a" * 20), shelf.put()
    assert shelf.tidy(current, unused_seconds=-1) == 2
    assert shelf.names() == {current}
    for name in (old, older):
        with pytest.raises(ImageNotFound):
            shelf.tagged_at(name)


def test_what_another_checkout_has_used_lately_stays(shelf: Shelf) -> None:
    others, current = shelf.put(), shelf.put()
    assert shelf.tidy(current, unused_seconds=MONTH) == 0
    assert shelf.names() == {others, current}


def test_using_an_image_is_noted_on_the_engine(shelf: Shelf) -> None:
    current = shelf.put()
    before = shelf.tagged_at(current)
    shelf.tidy(current, unused_seconds=MONTH)
    assert shelf.tagged_at(current) > before


def test_what_a_container_has_stays_even_when_it_does_not_run(shelf: Shelf) -> None:
    held, current = shelf.put(), shelf.put()
    container = shelf.api.create_container(held, labels={"hotseat": "test"})
    try:
        assert shelf.tidy(current, unused_seconds=-1) == 0
        assert shelf.names() == {held, current}
    finally:
        shelf.api.remove_container(container)


def test_an_image_of_another_name_is_not_ours(shelf: Shelf) -> None:
    by_hand, current = shelf.put("mine"), shelf.put()
    assert shelf.tidy(current, unused_seconds=-1) == 0
    assert by_hand in shelf.names()


def test_an_engine_that_does_not_answer_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    said: list[str] = []
    assert tidy(said.append, current="hotseat-sandbox:" + "a" * 20) == 0
    assert "left where they are" in said[0]
