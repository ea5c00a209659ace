"""Plan, show, apply and undo change sets without a browser.

    manage.py change_set plan --query 'vans=…' --vans CODE --reason '…' [--apply]
    manage.py change_set show 17 · apply 17 · undo 17 [--apply]

What can be planned is what the form of Ret valgte asks for: an option for each of its fields, by the same names and
rules. With --queue a worker applies it; without, this process does. A plan with warnings needs --accept-warnings too.
"""

import json
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import override

from locations import changes, warnings
from locations.codes import CodeLists
from locations.editing import EditForm
from locations.filters import LocationFilter
from locations.models import ChangeSet, EdiAdministrator, EdiType, System, Vans, Vendor
from soredi.jobs import Refused, State
from soredi.management.acting import user_named
from soredi.management.answering import JobCommand
from soredi.models import User
from soredi.sentences import Sentence

# What each code list is called in the address of the list.
_PARAMETERS: dict[type[Any], str] = {
    EdiAdministrator: "administrator",
    EdiType: "edi_type",
    System: "system",
    Vans: "vans",
    Vendor: "leverandoer",
}


class Command(JobCommand):
    help = "Plan, show, apply or undo a change of many location numbers."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        plan = verbs.add_parser("plan", help="Plan a change of all numbers that a query finds.")
        plan.add_argument("--query", required=True, help="As in the address of the list; '' is all numbers.")
        with override("en"):
            for name, field in EditForm.base_fields.items():
                if name != "reason":
                    plan.add_argument(_option(name), **_argument(field))
        plan.add_argument(
            "--replace", nargs="*", metavar="EDI_TYPE", help="The whole set of EDI types; nothing empties it."
        )
        verbs.add_parser("show", help="What a change set does or did.").add_argument("id", type=int)
        apply = verbs.add_parser("apply", help="Carry a plan out.")
        apply.add_argument("id", type=int)
        undo = verbs.add_parser("undo", help="Plan to take back what a change set did.")
        undo.add_argument("id", type=int)
        for verb in (plan, undo):
            verb.add_argument("--reason", default="")
            verb.add_argument("--apply", action="store_true", help="Carry it out at once.")
        for verb in (plan, apply):
            verb.add_argument(
                "--accept-warnings", action="store_true", help="Carry it out although there are warnings."
            )
        for verb in (plan, undo, apply):
            verb.add_argument("--user", help="Act with the rights of this user; without it as administrator.")
            verb.add_argument("--queue", action="store_true", help="Let a worker carry it out.")

    def handle(self, **options: Any) -> None:
        try:
            change_set = getattr(self, f"_{options['verb']}")(options)
        except (Refused, PermissionDenied) as refusal:
            self.stdout.write(json.dumps({"state": State.REFUSED, "message": str(refusal)}))
            raise SystemExit(1) from None
        self.stdout.write(json.dumps(summary(change_set)))
        if change_set.state in (State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED):
            raise SystemExit(1)

    def _plan(self, options: dict[str, Any]) -> ChangeSet:
        by = user_named(options["user"])
        form = filled_in(options, by)
        if options["edi_administrator"] and "edi_administrator" not in form.fields:
            raise Refused(Sentence("Only administrators may change the EDI administrator."))
        for name, errors in form.errors.items():
            about = "" if name == NON_FIELD_ERRORS else f"{_option(name)}: "
            raise CommandError(f"{about}{errors[0]}", returncode=2)
        try:
            locations = LocationFilter.for_query(options["query"], by, past=False)
            change_set = changes.plan(
                locations=locations, by=by, reason=options["reason"], **form.operations()
            )
        except ValueError as error:  # a query that cannot be used
            raise CommandError(str(error), returncode=2) from None
        if form.took_usual_vendor:
            self.stderr.write(
                f"The vendor becomes {form.cleaned_data['vendor']}, the usual one of the system."
            )
        return _carry_out(change_set, options) if options["apply"] else change_set

    def _show(self, options: dict[str, Any]) -> ChangeSet:
        return _numbered(options["id"])

    def _apply(self, options: dict[str, Any]) -> ChangeSet:
        change_set = _numbered(options["id"])
        by = user_named(options["user"])
        if by is not None and not by.is_administrator and change_set.by_id != by.pk:
            raise Refused(Sentence("Only the person who planned this may carry it out or drop it."))
        if change_set.state != State.DRAFT:
            raise Refused(
                Sentence(
                    "Change %(id)s is not a draft any more (%(state)s). Plan it again.",
                    id=str(change_set.pk),
                    state=Sentence(change_set.state),
                )
            )
        return _carry_out(change_set, options)

    def _undo(self, options: dict[str, Any]) -> ChangeSet:
        undo = changes.plan_undo(
            _numbered(options["id"]), by=user_named(options["user"]), reason=options["reason"]
        )
        return _carry_out(undo, options) if options["apply"] else undo


def summary(change_set: ChangeSet) -> dict[str, Any]:
    return {
        "change_set": change_set.pk,
        "state": change_set.state,
        "source": change_set.source,
        **change_set.counts,
        **({"message": str(change_set.message)} if change_set.message else {}),
    }


def _carry_out(change_set: ChangeSet, options: dict[str, Any]) -> ChangeSet:
    groups = warnings.groups(change_set)
    if any(group.is_error for group in groups):
        raise Refused(
            Sentence(
                "Nobody may add an EDI type that the system is not certified to receive. Plan without it."
            )
        )
    if groups and not options.get("accept_warnings"):
        raise Refused(
            Sentence(
                "Change %(id)s has warnings (%(sorts)s) and is still a draft. Look at it, then carry it out with "
                "--accept-warnings.",
                id=str(change_set.pk),
                sorts=", ".join(group.sort.value for group in groups),
            )
        )
    by = user_named(options["user"])
    if options["queue"]:
        if not change_set.enqueue(applied_by=by):
            change_set.refresh_from_db()
        return change_set
    return change_set.run_here(changes.apply, applied_by=by)


def _numbered(pk: int) -> ChangeSet:
    change_set = ChangeSet.objects.filter(pk=pk).first()
    if change_set is None:
        raise CommandError(f"There is no change set {pk}.", returncode=2)
    return change_set


def filled_in(options: dict[str, Any], by: User | None) -> EditForm:
    """The form of Ret valgte as the options say it. Raises CommandError, exit 2, for a code that is none."""
    wanted = {name: options[name] for name in EditForm.base_fields}
    if options["replace"] is not None:
        if any(wanted[name] for name in ("add", "remove", "remove_all", "swap_from", "swap_to")):
            raise CommandError(
                "--replace states the whole set; it cannot go with --add, --remove, --remove-all or a swap.",
                returncode=2,
            )
        wanted |= {"add": options["replace"], "remove_all": True}
    fields: dict[str, Any] = EditForm.base_fields
    for name, field in fields.items():
        if wanted[name] and issubclass(type(field), forms.ModelChoiceField):
            many = issubclass(type(field), forms.ModelMultipleChoiceField)
            keys = [row.pk for row in _found(field.queryset.model, wanted[name] if many else [wanted[name]])]
            wanted[name] = keys if many else keys[0]
    form = EditForm({name: value for name, value in wanted.items() if value}, user=by)
    form.fields["reason"].required = False
    form.fields["add_certified"].disabled = False  # without a list of approvals the plan says why not
    return form


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _argument(field: Any) -> dict[str, Any]:
    """What argparse is told of a field of the form."""
    told: dict[str, Any] = {"help": " ".join(filter(None, (f"{field.label}.", str(field.help_text))))}
    kind = type(field)
    if issubclass(kind, forms.BooleanField):
        return told | {"action": "store_true"}
    if issubclass(kind, forms.TypedChoiceField):
        return told | {"choices": [value for value, _text in field.choices if value]}
    if not issubclass(kind, forms.ModelChoiceField):
        return told | {"metavar": "TEXT"}
    edi_types = field.queryset.model is EdiType
    many = {"nargs": "+"} if issubclass(kind, forms.ModelMultipleChoiceField) else {}
    if edi_types:
        told["help"] += " SOR id, code or 'code version'."
    return told | many | {"metavar": "EDI_TYPE" if edi_types else "CODE"}


def _found(model: type[Any], values: list[str]) -> list[Any]:
    """The rows of a code list that `values` mean, spelt as in the address of the list. Raises CommandError, exit 2."""
    code_lists, parameter = CodeLists(), _PARAMETERS[model]
    try:
        keys = [code_lists.find(parameter, value).pk for value in values]
    except ValidationError as error:
        raise CommandError(f"{parameter}: {error.messages[0]}", returncode=2) from None
    return list(model.objects.filter(pk__in=keys))
