from django.apps import AppConfig


class SorImportConfig(AppConfig):
    name = "sorimport"
