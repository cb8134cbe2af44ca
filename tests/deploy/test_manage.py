"""The person's shell tells whether there is a platform to reach."""

import pytest

from deploy.local import manage
from deploy.local.supervise import Supervisor


@pytest.mark.parametrize(
    ("running", "given", "says"),
    [
        ({"postgres": None, "web": None}, "", "reaches the platform here"),
        ({}, "postgresql://db.example/hotseat", "reaches the platform here"),
        ({}, "", "The platform is not running"),
    ],
)
def test_the_shell_says_whether_the_database_can_be_reached(
    running: dict[str, None],
    given: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    monkeypatch.setenv("SHELL", "/bin/true")
    monkeypatch.setattr(Supervisor, "statuses", lambda _: running)
    assert manage.shell() == 0
    assert says in capsys.readouterr().out
