"""Jobs about preparation centres."""

from procrastinate.contrib.django import app

from centres import shelving


# The office's worker, since it has the folder of the material, and no other worker has.
@app.periodic(cron="17 * * * *")
@app.task(queue="office", queueing_lock="centres.sweep_material")
def sweep_material(timestamp: int) -> None:
    """What broke off while a file came in does not stay."""
    shelving.sweep()
