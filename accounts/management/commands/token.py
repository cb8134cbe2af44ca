"""Prints a new API token for a person, once: only its hash is kept."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from knox.models import AuthToken

from accounts import acts
from accounts.models import User


class Command(BaseCommand):
    help = "Print a new API token for the person with this address. Use it as: Authorization: Token …"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--revoke", action="store_true", help="end every token of this person instead")

    def handle(self, *_: object, email: str, revoke: bool, **__: object) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(
                f"Nobody active has the address {email}. Check it, or make them: manage.py make_person {email}"
            )
        if revoke:
            with acts.done_by(None, via="manage.py token --revoke"):
                ended, _rows = AuthToken.objects.filter(user=user).delete()
            self.stderr.write(f"{ended} token(s) of {user.email} ended.")
            return
        with acts.done_by(None, via="manage.py token"):
            _row, token = AuthToken.objects.create(user)
        self.stdout.write(token)
        self.stderr.write(f"A token for {user.email} ({user.role}). It is shown this once and ends in 30 days.")
