"""Names the site of the operators' pages where Django's admin is installed."""

from django.contrib.admin.apps import AdminConfig


class OperatorsPages(AdminConfig):
    """Django's admin, on a site that tells the database who acts."""

    default_site = "accounts.operators_site.OperatorsSite"
