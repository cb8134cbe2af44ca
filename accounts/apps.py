"""Who you are: people, roles and what they were granted."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and their roles."""

    name = "accounts"
