"""Rights and reads: the querysets every view, command and task starts from. Fetching is authorising."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from locations.as_of import QueryOfDay
from soredi.jobs import State

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from locations.models import ChangeSet, EdiType
    from soredi.models import User


def differ(one: str, other: str, operator: str, test: str = "") -> models.Func:
    """`one <operator> other` of two columns; Django itself knows no `<>`."""
    return models.Func(
        one,
        other,
        arg_joiner=f" {operator} ",  # by name before template: so are they written in a migration, and compared
        template=f"((%(expressions)s) {test})" if test else "(%(expressions)s)",
        output_field=models.BooleanField(),
    )


# Also the condition of the index `location_not_as_sor`. Null, and so not true, where SOR never spoke of the number.
NOT_AS_SOR = Q(differ("version", "sor_version", "<>"))


class LocationNumberQuerySet(models.QuerySet[Any]):
    @property
    def day(self) -> date | None:
        """The day that these numbers are as they were on; None for as they are."""
        return getattr(self.query, "day", None)

    def as_of(self, day: date | None) -> LocationNumberQuerySet:
        """All numbers as they were at the end of `day`, see `locations.as_of`; None leaves the queryset as it is.

        What was asked before is forgotten: rights above all are today's. Nothing can be changed through it.
        """
        if day is None:
            return self.all()
        query = QueryOfDay(self.model)
        query.day = day
        return type(self)(self.model, query=query, using=self.db)

    def editable_by(self, user: User | AnonymousUser | None) -> LocationNumberQuerySet:
        """The numbers `user` may see and edit: all for an administrator, else those of the user's EDI administrators.

        None is the system itself (a command run without --user) and acts as administrator.
        """
        if user is None:
            return self.all()
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.is_staff:
            return self.all()
        return self.filter(edi_administrator__in=user.edi_administrators.all())

    def listed_for(self, user: User | AnonymousUser | None) -> LocationNumberQuerySet:
        """As `editable_by`, for lists: the user's EDI administrators are read first, so that the planner sees which
        they are and how many numbers each has. One query, none where the user's are prefetched."""
        if user is None or user.is_staff or not (user.is_authenticated and user.is_active):
            return self.editable_by(user)
        models.prefetch_related_objects([user], "edi_administrators")
        administrators = [administrator.pk for administrator in user.edi_administrators.all()]
        return self.filter(edi_administrator__in=administrators)

    def valid_on(self, day: date) -> LocationNumberQuerySet:
        """Numbers that messages may be addressed to on `day`: begun, not ended, not inactive."""
        return self.begun_on(day).not_closed_on(day).filter(inactive=False)

    def begun_on(self, day: date) -> LocationNumberQuerySet:
        return self.filter(Q(first_from_date=None) | Q(first_from_date__lte=day))

    def closed_on(self, day: date) -> LocationNumberQuerySet:
        return self.filter(to_date__lt=day)

    def not_closed_on(self, day: date) -> LocationNumberQuerySet:
        return self.filter(Q(to_date=None) | Q(to_date__gte=day))

    def not_as_sor(self) -> LocationNumberQuerySet:
        """Numbers whose version is not the one that SOR stated last: those that can deviate, by a partial index.

        Said twice: the first form is the index's, the second is the one whose statistics tell the planner how few
        they are. It takes `<>` for true of nearly all rows, and then reads the whole history.
        """
        return self.filter(NOT_AS_SOR, Q(differ("version", "sor_version", "<>", "IS TRUE")))

    def deviating(self) -> LocationNumberQuerySet:
        """Numbers whose profile differs from what SOR says of them. One that SOR never spoke of does not."""
        from locations.models import PROFILE_COLUMNS

        differs = Q()
        for column in PROFILE_COLUMNS:
            differs |= Q(differ(column, f"sor_version__{column}", "IS DISTINCT FROM"))
        return self.not_as_sor().filter(differs)

    def receiving(self, edi_type: EdiType) -> LocationNumberQuerySet:
        """Numbers that can receive `edi_type`, in just that version."""
        return self.filter(edi_types__contains=[edi_type.pk])

    def changed_by(self, change_set: ChangeSet) -> LocationNumberQuerySet:
        """Numbers whose profile `change_set` changed, and so what it can be undone on; not those that it created."""
        return self.filter(
            versions__change_set=change_set,
            versions__applied_at__isnull=False,
            versions__base__isnull=False,
        )


class ChangeSetQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser | None) -> ChangeSetQuerySet:
        """All for an administrator (and None); else those `user` made, or that touch a number the user may edit.

        The rows to show of them are fewer: see `history.versions_in`.
        """
        from locations.models import LocationVersion

        if user is None:
            return self.all()
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.is_staff:
            return self.all()
        touched = LocationVersion.objects.filter(
            change_set=OuterRef("pk"), location__edi_administrator__in=user.edi_administrators.all()
        ).exclude(applied_at=None, change_set__state=State.DONE)  # what SOR stated and nobody applied
        return self.filter(Q(by=user) | Exists(touched))

    def in_state(self, state: str) -> ChangeSetQuerySet:
        """Those that are read as being in `state`: a draft that is too old is an expired one."""
        from locations.models.change import PLANS_LIVE

        too_old = Q(state=State.DRAFT, created_at__lte=timezone.now() - PLANS_LIVE)
        if state == State.EXPIRED:
            return self.filter(Q(state=State.EXPIRED) | too_old)
        return self.filter(state=state).exclude(too_old)


class SavedSearchQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> SavedSearchQuerySet:
        """The user's own, and those shared with all or with one of the user's EDI administrators; for an administrator
        all that are shared. Each comes with who made it and with whom it is shared, own ones first, in Danish order.
        """
        shared = Q(shared_with_all=True) | (
            Q(shared_with__isnull=False)
            if user.is_staff
            else Q(shared_with__in=user.edi_administrators.values("pk"))
        )
        found = self.filter(Q(by=user) | shared).select_related("by", "shared_with")
        is_others = models.Case(models.When(by=user, then=0), default=1)
        return found.order_by(is_others, models.Func("name", function="danish_key"), "pk")

    def editable_by(self, user: User) -> SavedSearchQuerySet:
        """The user's own; for an administrator all that are shared too."""
        return self.visible_to(user) if user.is_staff else self.visible_to(user).filter(by=user)
