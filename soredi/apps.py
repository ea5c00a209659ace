from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SorediConfig(AppConfig):
    name = "soredi"
    verbose_name = _("People")
