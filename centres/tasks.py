"""Jobs about what preparation centres follow."""

from procrastinate.contrib.django import app

from centres import digests


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="centres.send_digests", pass_context=True)
def send_digests(context, timestamp: int) -> None:
    """Every minute: from the day and hour of the digest on there is something to send."""
    digests.send_due(context.should_abort)
