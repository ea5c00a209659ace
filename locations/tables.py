"""The list of location numbers, as wide-screen rows or cards."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import django_tables2
from django.template.loader import get_template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from locations.forms import Code
from locations.models import LocationNumber
from locations.models.location import Status
from locations.statuses import status_on

TYPES_SHOWN = 5


def in_groups(gln: str) -> SafeString:
    """5790 0001 7362 4 to the eye; the gaps are margins, so that it is copied without spaces."""
    groups = ((part,) for part in (gln[:4], gln[4:8], gln[8:12], gln[12:]))
    return format_html('<span class="gln">{}</span>', format_html_join("", "<span>{}</span>", groups))


class LocationTable(django_tables2.Table):
    """Rows of one page. `edi_types` maps the keys in a profile, `day` is what statuses are true of.

    `sort` is the parameter of that name, `links` maps the columns that can be sorted by to their addresses.
    """

    valgt = django_tables2.Column(
        accessor="gln", verbose_name=_("Choose"), attrs={"td": {"class": "tick"}, "th": {"class": "tick"}}
    )
    gln = django_tables2.Column(verbose_name=_("Location number"), attrs={"td": {"class": "number"}})
    enhed = django_tables2.Column(accessor="unit", verbose_name=_("Unit"))
    by = django_tables2.Column(accessor="unit", verbose_name=_("City"))
    vans = django_tables2.Column(verbose_name="VANS")
    system = django_tables2.Column(verbose_name=_("System"))
    edi_types = django_tables2.Column(
        verbose_name=_("EDI types"), empty_values=(), attrs={"td": {"class": "types"}}
    )
    status = django_tables2.Column(verbose_name=_("Status"), empty_values=())

    class Meta:
        template_name = "locations/_table.html"
        orderable = False  # the filter orders, by the parameter `sort`
        default = ""

    def __init__(
        self,
        rows: Any,
        *,
        edi_types: Mapping[int, Code],
        day: date,
        sort: str,
        links: Mapping[str, str],
        **options: Any,
    ):
        super().__init__(rows, **options)
        self.types = {pk: entry.short for pk, entry in edi_types.items()}
        self.day, self.sort, self.links = day, sort, links
        self.choose = gettext("Choose")
        cell = get_template("components/status.html")
        self.statuses = {status: SafeString(cell.render({"status": status})) for status in Status}

    @property
    def headings(self) -> list[dict[str, str]]:
        """Per column: its text, the address that sorts by it, and `aria-sort` where the rows are in its order."""
        order = "descending" if self.sort.startswith("-") else "ascending"
        return [
            {
                "name": column.name,
                "text": column.header,
                "href": self.links.get(column.name, ""),
                "order": order if column.name == self.sort.removeprefix("-") else "",
            }
            for column in self.columns
        ]

    @property
    def body(self) -> SafeString:
        """The rows as HTML. By django-tables2's cells and a template, 400 cells took two thirds of a page's time."""
        cells = [
            (
                format_html('<td data-title="{}" {}>', column.header, column.attrs["td"].as_html()),
                getattr(self, f"render_{column.name}"),
            )
            for column in self.columns
        ]
        rows = (
            "".join(f"{opening}{conditional_escape(render(record))}</td>" for opening, render in cells)
            for record in self.data
        )
        return SafeString("".join(f"<tr>{row}</tr>" for row in rows))

    def render_valgt(self, record: LocationNumber) -> SafeString:
        return format_html(
            '<input type="checkbox" name="valgt" value="{0}" aria-label="{1} {0}">', record.gln, self.choose
        )

    def render_gln(self, record: LocationNumber) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("location", args=[record.gln]), in_groups(record.gln)
        )

    def render_enhed(self, record: LocationNumber) -> str:
        return record.unit.name if record.unit else ""

    def render_by(self, record: LocationNumber) -> str:
        return record.unit.city if record.unit else ""

    def render_vans(self, record: LocationNumber) -> str:
        return record.vans.name if record.vans else ""

    def render_system(self, record: LocationNumber) -> str:
        return record.system.name if record.system else ""

    def render_edi_types(self, record: LocationNumber) -> SafeString:
        held = set(record.edi_types)
        codes = list(dict.fromkeys(code for pk, code in self.types.items() if pk in held))
        more = len(codes) - TYPES_SHOWN
        shown = format_html_join(
            " ", '<span class="code">{}</span>', ((code,) for code in codes[:TYPES_SHOWN])
        )
        if more <= 0:
            return shown
        words = ngettext("%(count)s more", "%(count)s more", more) % {"count": more}
        return format_html(
            '{} <span aria-hidden="true">+{}</span><span class="sr-only">{}</span>', shown, more, words
        )

    def render_status(self, record: LocationNumber) -> SafeString:
        return self.statuses[status_on(record, self.day)]
