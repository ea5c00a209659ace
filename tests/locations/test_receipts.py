"""Receipts by mail, sent to a real mail server on this machine."""

from collections.abc import Iterator

import builders
import pytest
from django.core.cache import cache
from mailserver import MailServer, mail_server

from locations import changes
from locations.models import ChangeSet, LocationNumber, Vans
from locations.tasks import apply_change_set
from soredi.jobs import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(settings) -> Iterator[MailServer]:
    cache.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def anna(client):
    person = builders.user("anna", administrators=["102"])
    person.email = "anna@example.dk"
    person.save()
    client.force_login(person)
    return person


def planned(by) -> ChangeSet:
    return changes.plan(
        locations=LocationNumber.objects.all(),
        by=by,
        reason="Ny aftale",
        vans=builders.code(Vans, "MultiMed"),
        add=[builders.edi_type(name="Korrespondancebrev")],
    )


def carried_out(client, draft, **data) -> ChangeSet:
    """As the page and then the worker do it."""
    client.post(f"/aendringer/{draft.pk}/udfoer/", data)
    apply_change_set(draft.pk)
    draft.refresh_from_db()
    return draft


def test_whoever_asks_is_mailed_what_was_done(client, anna, mails):
    for _n in range(2):
        builders.location()
    draft = planned(anna)
    assert (
        "Send mig en kvittering på anna@example.dk" in client.get(f"/aendringer/{draft.pk}/").content.decode()
    )
    assert carried_out(client, draft, kvittering="on").state == State.DONE
    (mail,) = mails.mails
    assert (mail["To"], mail["Subject"]) == ("anna@example.dk", f"SOR-EDI: ændring {draft.pk} er udført")
    assert mail.get_content().splitlines() == [
        f"Ændring {draft.pk} er udført.",
        "",
        "Lokationsnumre: 2 valgt, 2 ændret, 0 uændrede.",
        "EDI-typer: 2 tilføjet, 0 fjernet.",
        "",
        "+2  DIS91 D9134L Korrespondancebrev",
        "",
        "Årsag: Ny aftale",
        f"Se den, hent den som CSV eller fortryd den: http://testserver/aendringer/{draft.pk}/",
    ]


def test_a_receipt_is_mailed_once_however_often_the_job_is_offered(client, anna, mails):
    builders.location()
    draft = carried_out(client, planned(anna), kvittering="on")
    apply_change_set(draft.pk)
    assert len(mails.mails) == 1


def test_it_tells_too_when_nothing_was_changed(client, anna, mails):
    gln = builders.location().gln
    late = planned(anna)
    planned(anna).run_here(changes.apply)
    assert carried_out(client, late, kvittering="on").state == State.REFUSED
    (mail,) = mails.mails
    assert mail["Subject"] == f"SOR-EDI: ændring {late.pk} er ikke udført"
    assert f"{gln} (anna)" in mail.get_content()


def test_who_does_not_ask_gets_none(client, anna, mails):
    builders.location()
    assert carried_out(client, planned(anna)).state == State.DONE
    anna.email = ""
    anna.save()
    draft = planned(anna)
    assert "kvittering" not in client.get(f"/aendringer/{draft.pk}/").content.decode()
    assert mails.mails == []


def test_a_mail_server_that_is_away_harms_nothing(client, anna, settings, caplog):
    cache.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with mail_server() as gone:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", gone.port
    builders.location()
    draft = carried_out(client, planned(anna), kvittering="on")
    assert draft.state == State.DONE
    assert f"The receipt of change set {draft.pk} could not be mailed" in caplog.text
