"""Who has access to the demo's schools beside their managers, and who still asks for it."""

from collections.abc import Callable


def load(by: "User", new_password: Callable[[], str]) -> list[dict]:  # noqa: F821
    """A member for each preparation centre, an open invitation, and two requests in the queue.

    by: of the exams office. Returns the members' sign-ins, as rows of var/demo/centres.csv.
    """
    from django.utils import translation

    from centres import joining, links
    from centres.models import Membership, PreparationCentre

    rows = []
    with translation.override("it"):
        invited = {"role": Membership.Role.MEMBER, "language": "it"}
        for centre in PreparationCentre.objects.order_by("pk"):
            row = {
                "email": f"inglese.{centre.code.lower()}@scuola.example",
                "password": new_password(),
                "centre": centre.name,
            }
            invitation = joining.invite(centre, by, email=row["email"], **invited)
            joining.register(links.token_of(invitation.seed), row["password"])
            rows.append(row)
        joining.invite(
            PreparationCentre.objects.earliest("pk"), by, email="vicepreside.rmps01@scuola.example", **invited
        )
        joining.ask(
            school="Liceo Classico D’Azeglio",
            code="TOPC04",
            person="Francesca Sartori",
            position="Referente per le certificazioni",
            email="f.sartori@dazeglio.example",
            message="A giugno presentiamo 40 studenti per B2 First e C1 Advanced.",
        )
        joining.ask(
            school="Liceo Volta",
            code="rmps01",
            person="Paolo Neri",
            position="Segreteria didattica",
            email="segreteria2@scuola.example",
            message="La collega che aveva l’accesso è in pensione.",
        )
    return rows
