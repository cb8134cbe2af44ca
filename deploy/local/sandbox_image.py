"""The engine and the image that grading runs in, made ready before anything needs them."""

import os
import re

from deploy.local import engine
from deploy.local.saying import step
from deploy.local.trouble import Trouble
from sandboxes.image import build
from sandboxes.image.tidy import tidy
from sandboxes.sandbox import SandboxFault


def prepare() -> dict[str, str]:
    """Make sure of both; return the environment variables by which the processes find them.

    Raises:
        Trouble: no engine for this user, or the image could not be built.
    """
    with step("Docker engine") as doing:
        found = engine.ensure(doing.note)
        doing.outcome = f"{'started for Hotseat' if found.ours else 'already here'}, version {found.version}"
    with step("Sandbox image", "building what has changed") as doing:
        try:
            tag = build.ensure(
                doing.note, image=_operators_image(), registry=os.environ.get("HOTSEAT_SANDBOX_REGISTRY") or None
            )
        except SandboxFault as error:
            raise Trouble(f"The sandbox image could not be made: {error}") from error
        tidy(doing.note, current=tag)
        doing.outcome = tag
    return {"DOCKER_HOST": found.address, "HOTSEAT_SANDBOX_IMAGE": tag}


def _operators_image() -> str | None:
    """The image that the operator names; one of our own making was put there by a run around this one."""
    named = os.environ.get("HOTSEAT_SANDBOX_IMAGE", "")
    ours = re.fullmatch(rf"{build.REPOSITORY}:(?:debian-)?[0-9a-f]{{20}}", named)
    return named if named and not ours else None
