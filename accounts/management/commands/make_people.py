"""Makes the people of a first day: a learner, two mentors and an admin, each password shown this once."""

import secrets
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from accounts import acts
from accounts.models import Role, User

PEOPLE = (
    ("learner@hotseat.test", "Lena Learner", Role.LEARNER),
    ("mentor@hotseat.test", "Maren Mentor", Role.MENTOR),
    ("second.mentor@hotseat.test", "Milo Mentor", Role.MENTOR),
    ("admin@hotseat.test", "Ada Admin", Role.ADMIN),
)
_PASSWORD_BYTES = 9


class Command(BaseCommand):
    help = "Make a learner, two mentors and an admin; print each new password once. People who exist are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-passwords", action="store_true", help="give those who exist new passwords, and print them"
        )

    def handle(self, *_: object, new_passwords: bool, **__: object) -> None:
        kept = False
        for email, name, role in PEOPLE:
            fresh = secrets.token_urlsafe(_PASSWORD_BYTES)
            user = User.objects.filter(email__iexact=email).first()
            with acts.done_by(None, via="manage.py make_people"):
                if user is None:
                    User.objects.create_user(email, fresh, role=role, name=name)
                elif new_passwords:
                    user.set_password(fresh)
                    user.save(update_fields=["password"])
            known = user is not None and not new_passwords
            kept |= known
            self.stdout.write(f"  {role.label:<8} {email:<28} {'(printed when it was made)' if known else fresh}")
        if kept:
            self.stdout.write("  For new ones: manage.py make_people --new-passwords (at home: in make shell)")
