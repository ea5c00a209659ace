from django.apps import AppConfig


class MassUpdateConfig(AppConfig):
    name = "massupdate"
