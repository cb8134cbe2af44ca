"""Makes one person and prints their password, once."""

import secrets
from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import IntegrityError

from accounts import acts
from accounts.models import Role, User


class Command(BaseCommand):
    help = "Make one person: manage.py make_person EMAIL --role mentor --name 'Maren Mentor'. Prints the password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=Role.values, default=Role.LEARNER)
        parser.add_argument("--name", default="")

    def handle(self, *_: object, email: str, role: str, name: str, **__: object) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an e-mail address; write for example ada@example.org.") from None
        password = secrets.token_urlsafe(9)
        try:
            with acts.done_by(None, via="manage.py make_person"):
                User.objects.create_user(email, password, role=role, name=name)
        except IntegrityError:
            raise CommandError(f"Somebody signs in as {email} already. Choose another address.") from None
        if self.stdout.isatty():  # a program that reads what is piped gets the password and nothing else
            self.stdout.write(
                f"{email} ({role}) signs in with this password. It is shown this once; pass it on safely:"
            )
        self.stdout.write(password)
