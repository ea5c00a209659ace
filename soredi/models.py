"""People. A user may edit the location numbers of the EDI administrators he or she belongs to."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Someone who logs in. `is_staff` makes an administrator, who sees and edits every location number."""

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.is_staff
