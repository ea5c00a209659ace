"""Who a command acts as."""

from django.core.management.base import CommandError

from soredi.models import User


def user_named(name: str | None) -> User | None:
    """The active user `name`; None without a name, which acts as administrator. Raises CommandError, exit 2."""
    if name is None:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {name}.", returncode=2)
    return user
