from django.apps import AppConfig


class SorediConfig(AppConfig):
    name = "soredi"
