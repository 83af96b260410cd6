"""Jobs of a worker with the rights of the staff face: it reads what the centres' gate shows."""

from procrastinate.contrib.django import app

from centres import packing


@app.task(queue=packing.QUEUE)
def make_pack(pack_id: int) -> None:
    packing.make(pack_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue=packing.QUEUE, queueing_lock="centres.erase_packs")
def erase_packs(timestamp: int) -> None:
    """Files do not stay longer than they are of use."""
    packing.expire()
