"""Jobs: mails to the people of preparation centres; files of statements and of material."""

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import mails
from accounts.models import Face, User
from centres import digests, packing, shelving
from centres.links import invitation_link
from centres.models import AccessRequest, Invitation, Membership, PreparationCentre, StudentQuestion


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_invitation(context, invitation_id: int) -> None:
    """The link, unless it was used or withdrawn meanwhile."""
    still_open = Invitation.objects.open().filter(pk=invitation_id, expires_at__gt=timezone.now())
    invitation = still_open.select_related("centre", "invited_by").first()
    if invitation is None:
        return
    by = invitation.invited_by
    mails.send_to(
        invitation.email,
        invitation.language,
        "invitation",
        context.job.id,
        centre=invitation.centre,
        is_manager=invitation.role == Membership.Role.MANAGER,
        colleague=by.email if by and by.face == Face.CENTRES else "",
        has_account=User.objects.filter(username=invitation.email, face=Face.CENTRES).exists(),
        expires_at=invitation.expires_at,
        link=invitation_link(invitation),
    )


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_refusal(context, request_id: int) -> None:
    """To a school that asked for access: no, and why."""
    facts = ("school", "person", "email", "language", "reason")
    asked = AccessRequest.objects.only(*facts).get(pk=request_id)
    mails.send_to(asked.email, asked.language, "access_refused", context.job.id, asked=asked)


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_access_removed(context, user_id: int, centre_id: int) -> None:
    """To who no longer has access to a centre."""
    user, centre = User.objects.get(pk=user_id), PreparationCentre.objects.filter(pk=centre_id).first()
    if centre:
        mails.send(user, "access_removed", context.job.id, centre=centre)


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_joined(context, user_id: int, membership_id: int) -> None:
    """To a manager of a centre: somebody has joined."""
    joined = Membership.objects.select_related("user", "centre").filter(pk=membership_id).first()
    if joined:
        manager = User.objects.get(pk=user_id)
        link = f"{settings.FACE_URLS[Face.CENTRES]}/people/"
        mails.send(manager, "person_joined", context.job.id, joined=joined, link=link)


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_question_answered(context, question_id: int) -> None:
    """There is an answer: which session, and where to read it; no student's name, no answer.

    Nobody is told who has left the centre meanwhile.
    """
    question = (
        StudentQuestion.objects.select_related("session")
        .only("centre_id", "asked_by_id", *(f"session__{name}" for name in ("exam", "title", "code")))
        .get(pk=question_id)
    )
    person = _still_there(question)
    if person and person.email:
        mails.send(
            person,
            "question_answered",
            context.job.id,
            session=question.session,
            question_id=question.pk,
        )


def _still_there(question: StudentQuestion) -> User | None:
    members = User.objects.filter(memberships__centre=question.centre_id, is_active=True)
    return members.filter(pk=question.asked_by_id).first()


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="centres.send_digests", pass_context=True)
def send_digests(context, timestamp: int) -> None:
    """Every minute: from the day and hour of the digest on there is something to send."""
    digests.send_due(context.should_abort)


# A worker with the rights of the staff face takes these; it reads what the centres' gate shows.
@app.task(queue=packing.QUEUE)
def make_pack(pack_id: int) -> None:
    packing.make(pack_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue=packing.QUEUE, queueing_lock="centres.erase_packs")
def erase_packs(timestamp: int) -> None:
    """Files do not stay longer than they are of use."""
    packing.expire()


# The office's worker, since it has the folder of the material, and no other worker has.
@app.periodic(cron="17 * * * *")
@app.task(queue="office", queueing_lock="centres.sweep_material")
def sweep_material(timestamp: int) -> None:
    """What broke off while a file came in does not stay."""
    shelving.sweep()
