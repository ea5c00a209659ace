"""The list of location numbers, as wide-screen rows or cards."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import django_tables2
from django.template.loader import get_template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from locations.codes import CodeLists
from locations.models import LocationNumber
from locations.models.location import Status
from locations.orders import CODE_LISTS
from locations.specialities import Served
from locations.statuses import status_on

TYPES_SHOWN = 5
FIXED = ("valgt", "gln")  # before those that can be chosen
USUAL = ("enhed", "by", "vans", "system", "edi_typer", "status")
ADMINISTRATORS_ONLY = {"leverandoer"}
OF_UNIT = {"enhed", "by", "enhedstype", "sor", "cvr", "ydernummer", "shak"}


def in_groups(gln: str) -> SafeString:
    """5790 0001 7362 4 to the eye; the gaps are margins, so that it is copied without spaces."""
    groups = "".join(f"<span>{escape(part)}</span>" for part in (gln[:4], gln[4:8], gln[8:12], gln[12:]))
    return SafeString(f'<span class="gln">{groups}</span>')


class LocationTable(django_tables2.Table):
    """Rows of one page: location numbers with their units, and their versions where `aendret` is shown.

    `columns` are those shown after the number, `day` is what statuses are true of, `then` the day that the numbers are
    as they were on, `sort` is the parameter of that name, `links` maps columns to sort by to their addresses.
    Names are columns and values of `sort`. `serves`, where a speciality was asked for: the units with it by the
    number's primary key.
    """

    valgt = django_tables2.Column(accessor="gln", verbose_name=_("Choose"))
    gln = django_tables2.Column(verbose_name=_("Location number"))
    enhed = django_tables2.Column(accessor="unit", verbose_name=_("Unit"))
    betjener = django_tables2.Column(accessor="gln", verbose_name=_("Serves"))
    by = django_tables2.Column(accessor="unit", verbose_name=_("City"))
    vans = django_tables2.Column(verbose_name="VANS")
    system = django_tables2.Column(verbose_name=_("System"))
    leverandoer = django_tables2.Column(accessor="vendor", verbose_name=_("Vendor"))
    edi_typer = django_tables2.Column(accessor="edi_types", verbose_name=_("EDI types"))
    status = django_tables2.Column(accessor="gln", verbose_name=_("Status"))
    administrator = django_tables2.Column(accessor="edi_administrator", verbose_name=_("EDI administrator"))
    region = django_tables2.Column(verbose_name=_("Region"))
    aendret = django_tables2.Column(accessor="version", verbose_name=_("Changed"))
    enhedstype = django_tables2.Column(accessor="unit", verbose_name=_("Unit type"))
    sor = django_tables2.Column(accessor="unit", verbose_name=_("SOR code"))
    cvr = django_tables2.Column(accessor="unit", verbose_name=_("CVR"))
    ydernummer = django_tables2.Column(accessor="unit", verbose_name=_("Provider number"))
    shak = django_tables2.Column(accessor="unit", verbose_name="SHAK")
    note = django_tables2.Column(verbose_name=_("Note"))

    class Meta:
        template_name = "locations/_table.html"
        orderable = False  # the filter orders, by the parameter `sort`
        default = ""

    def __init__(
        self,
        rows: Any,
        *,
        columns: Sequence[str],
        code_lists: CodeLists,
        day: date,
        sort: str,
        links: Mapping[str, str],
        serves: Mapping[int, Served] | None = None,
        then: date | None = None,
        **options: Any,
    ):
        shown = [*FIXED, *columns]
        if serves is not None:
            shown.insert(shown.index("enhed") + 1 if "enhed" in shown else len(FIXED), "betjener")
        super().__init__(
            rows,
            sequence=[*shown, "..."],
            exclude=[name for name in self.base_columns if name not in shown],
            **options,
        )
        self.types = code_lists.edi_types
        self.names = {
            name: {entry.pk: entry.label for entry in code_lists.all(name)}
            for name in CODE_LISTS
            if name in shown
        }
        self.day, self.sort, self.links, self.serves = day, sort, links, serves or {}
        self.asked = f"?pr={then}" if then else ""
        self.choose = escape(gettext("Choose"))
        past = escape(gettext("To the actions for the chosen"))
        self.to_actions = f'<a class="to-actions" href="#handlinger">{past}</a>'
        self.above = reverse("location", args=["0" * 13]).removesuffix("0" * 13 + "/")
        self.codes = {
            pk: f'<span class="code">{escape(entry.short)}</span>' for pk, entry in self.types.items()
        }
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
                f'<td class="col-{column.name}" data-title="{escape(str(column.header))}">',
                self.renderer(column.name),
            )
            for column in self.columns
        ]
        rows = (
            "".join(f"{opening}{render(record)}</td>" for opening, render in cells) for record in self.data
        )
        return SafeString("".join(f"<tr>{row}</tr>" for row in rows))

    def renderer(self, name: str) -> Callable[[LocationNumber], str]:
        """What makes the HTML of a cell: `render_…` of a number does, `unit_…` gives the text of a unit."""
        if name in CODE_LISTS:
            names = {pk: escape(label) for pk, label in self.names[name].items()}
            column = CODE_LISTS[name]
            return lambda record: names.get(getattr(record, column), "")
        if name in OF_UNIT:
            cell = getattr(self, f"unit_{name}")
            return lambda record: escape(cell(record.unit)) if record.unit else ""
        return getattr(self, f"render_{name}")

    def render_valgt(self, record: LocationNumber) -> str:
        """The box, and once it is ticked the way past the rest of the table, which only the keyboard meets."""
        gln = record.gln
        box = f'<input type="checkbox" name="valgt" value="{gln}" aria-label="{self.choose} {gln}">'
        return box + self.to_actions

    def render_gln(self, record: LocationNumber) -> str:
        return f'<a href="{self.address(record)}">{in_groups(record.gln)}</a>'

    def address(self, record: LocationNumber) -> str:
        """By the URL patterns for the first row only: they take longer than the rest of the row."""
        return f"{self.above}{record.gln}/{self.asked}"

    def render_betjener(self, record: LocationNumber) -> SafeString:
        """The units with the speciality that was asked for, and whether the number is their own."""
        if not (served := self.serves.get(record.pk)):
            return SafeString("")
        own, inherited = gettext("the unit itself"), gettext("inherited")
        units = format_html_join(
            "",
            '<li>{} <span class="way">{}</span></li>',
            (("", own) if unit.own else (unit.name, inherited) for unit in served.units),
        )
        more = ngettext("%(count)s more", "%(count)s more", served.more) % {"count": served.more}
        rest = format_html('<li class="way">+ {}</li>', more) if served.more else ""
        return format_html('<ul class="serves">{}{}</ul>', units, rest)

    def unit_enhed(self, unit: Any) -> str:
        return unit.name

    def unit_by(self, unit: Any) -> str:
        return unit.city

    def unit_enhedstype(self, unit: Any) -> str:
        return ", ".join(unit.types)

    def unit_sor(self, unit: Any) -> str:
        return unit.sor_id

    def unit_cvr(self, unit: Any) -> str:
        return unit.cvr

    def unit_ydernummer(self, unit: Any) -> str:
        return unit.provider_number

    def unit_shak(self, unit: Any) -> str:
        return unit.shak

    def render_note(self, record: LocationNumber) -> str:
        return escape(record.note)

    def render_aendret(self, record: LocationNumber) -> str:
        at = localtime(record.version.applied_at)
        return f'<time datetime="{at.date().isoformat()}">{date_format(at, "j. b Y")}</time>'

    def render_edi_typer(self, record: LocationNumber) -> str:
        """Some codes, and how many more. All of them, named, are one tab stop away: see types.js."""
        held = set(record.edi_types)
        if not held:
            return ""
        types = [pk for pk in self.types if pk in held]
        codes = list(dict.fromkeys(self.codes[pk] for pk in types))
        more, rest = len(codes) - TYPES_SHOWN, ""
        if more > 0:
            words = ngettext("%(count)s more", "%(count)s more", more) % {"count": more}
            rest = (
                f' <span class="more" aria-hidden="true">+{more}</span><span class="sr-only">{words}</span>'
            )
        keys = " ".join(map(str, types))
        return (
            f'<a class="type-codes" href="{self.address(record)}#edi-typer" data-types="{keys}">'
            f"{' '.join(codes[:TYPES_SHOWN])}{rest}</a>"
        )

    def render_status(self, record: LocationNumber) -> SafeString:
        return self.statuses[status_on(record, self.day)]


def may_show(staff: bool) -> list[str]:
    """The columns that can be chosen, the usual ones first."""
    rest = [name for name in LocationTable.base_columns if name not in (*FIXED, *USUAL, "betjener")]
    return [name for name in (*USUAL, *rest) if staff or name not in ADMINISTRATORS_ONLY]


def shown_to(user: Any) -> list[str]:
    """The columns `user` has chosen, in order; the usual ones where there is no choice."""
    allowed = may_show(user.is_staff)
    return [name for name in user.list_columns if name in allowed] or list(USUAL)
