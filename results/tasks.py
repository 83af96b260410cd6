"""Jobs: mails about results (results/mailing/); files of the exams office (results/uploading.py)."""

from django.utils.translation import override
from procrastinate.contrib.django import app

from results import uploading
from results.mailing.queueing import collect
from results.mailing.sending import send_due


@app.periodic(cron="* * * * * */10")
@app.task(queue="mail", queueing_lock="results.send_mails", pass_context=True)
def send_mails(context, timestamp: int) -> None:
    """Every ten seconds, so that the first mails leave within seconds of an instant."""
    send_due(context.should_abort)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="mail", queueing_lock="results.collect_mails")
def collect_mails(timestamp: int) -> None:
    """What became visible in older sessions: a correction, a result that came late."""
    collect(everything=True)


# A worker with the rights of the staff face takes these: the mails' worker sees no marks.
@app.task(queue=uploading.QUEUE)
def check_upload(upload_id: int, language: str) -> None:
    with override(language):
        uploading.check(upload_id)


@app.task(queue=uploading.QUEUE)
def load_upload(upload_id: int, language: str) -> None:
    with override(language):
        uploading.load(upload_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue=uploading.QUEUE, queueing_lock="results.erase_uploads")
def erase_uploads(timestamp: int) -> None:
    """Files that nobody loads do not stay."""
    uploading.expire()
