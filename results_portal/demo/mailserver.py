"""A real SMTP server on loopback that puts every mail into a folder, one .eml file each."""

import re
import socket
from datetime import datetime
from itertools import count
from pathlib import Path

from aiosmtpd.controller import Controller


class ToFolder:
    """aiosmtpd's handler: the file's name says when and to whom."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.numbers = count(1)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        moment = datetime.now().astimezone()
        recipients = "+".join(re.sub(r"[^\w.@-]", "_", to) for to in envelope.rcpt_tos)[:100]
        name = f"{moment:%Y%m%d-%H%M%S}-{next(self.numbers):04d}-{recipients}.eml"
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(envelope.content)
        unfinished.rename(self.folder / name)
        return "250 Message accepted for delivery"


def start(folder: Path) -> Controller:
    """Serve on a free port of 127.0.0.1 (controller.port) until controller.stop()."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(ToFolder(folder), hostname="127.0.0.1", port=port)
    controller.start()
    return controller
