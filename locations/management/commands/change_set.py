"""Plan, show, apply and undo change sets without a browser.

    manage.py change_set plan --query 'vans=…' --vans CODE --reason '…' [--apply]
    manage.py change_set show 17 · apply 17 · undo 17 [--apply]

With --queue a worker applies it; without, this process does. A plan with warnings needs --accept-warnings too.
"""

import json
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import CommandError, CommandParser

from locations import changes, warnings
from locations.codes import CodeLists
from locations.filters import LocationFilter
from locations.models import ChangeSet, EdiType, System, Vans, Vendor
from soredi.jobs import Refused, State
from soredi.management.acting import user_named
from soredi.management.answering import JobCommand
from soredi.sentences import Sentence


class Command(JobCommand):
    help = "Plan, show, apply or undo a change of many location numbers."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        plan = verbs.add_parser("plan", help="Plan a change of all numbers that a query finds.")
        plan.add_argument("--query", required=True, help="As in the address of the list; '' is all numbers.")
        plan.add_argument("--vans", metavar="CODE")
        plan.add_argument("--system", metavar="CODE", help="Goes with --vendor.")
        plan.add_argument("--vendor", metavar="CODE", help="Goes with --system.")
        plan.add_argument(
            "--add", nargs="+", default=[], metavar="EDI_TYPE", help="SOR id, code or 'code version'."
        )
        plan.add_argument("--remove", nargs="+", default=[], metavar="EDI_TYPE")
        plan.add_argument(
            "--replace", nargs="*", metavar="EDI_TYPE", help="The whole set; nothing empties it."
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
        operations = {
            "vans": _one(Vans, "vans", options["vans"]),
            "system": _one(System, "system", options["system"]),
            "vendor": _one(Vendor, "leverandoer", options["vendor"]),
            "add": _found(EdiType, "edi_type", options["add"]),
            "remove": _found(EdiType, "edi_type", options["remove"]),
            "replace": None
            if options["replace"] is None
            else _found(EdiType, "edi_type", options["replace"]),
        }
        try:
            locations = LocationFilter.for_query(options["query"], by, past=False)
            change_set = changes.plan(locations=locations, by=by, reason=options["reason"], **operations)
        except ValueError as error:  # a query that cannot be used, or operations that contradict each other
            raise CommandError(str(error), returncode=2) from None
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


def _one(model: type[Any], parameter: str, value: str | None) -> Any:
    return None if value is None else _found(model, parameter, [value])[0]


def _found(model: type[Any], parameter: str, values: list[str]) -> list[Any]:
    """The rows of a code list that `values` mean, spelt as in the address of the list. Raises CommandError, exit 2."""
    code_lists = CodeLists()
    try:
        keys = [code_lists.find(parameter, value).pk for value in values]
    except ValidationError as error:
        raise CommandError(f"{parameter}: {error.messages[0]}", returncode=2) from None
    return list(model.objects.filter(pk__in=keys))
