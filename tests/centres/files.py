"""Files as programs write them, small and whole, for the tests of the material."""

import io
import struct
import wave
import zipfile
import zlib

import xlsxwriter

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
WINDOWS_PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(50) + b"PE\x00\x00" + PDF
LINUX_PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(60) + PDF
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01" + bytes(20) + b"\xff\xd9"
OFFICE = "application/vnd.openxmlformats-officedocument"


def archive(*members: tuple[str, bytes | str], stored: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return made.getvalue()


def office(part: str, *more: tuple[str, bytes]) -> bytes:
    """An Office document whose list of contents names this main part."""
    contents = f'<?xml version="1.0"?><Types><Override PartName="/m.xml" ContentType="{part}"/></Types>'
    return archive(("[Content_Types].xml", contents), ("m.xml", "<?xml version='1.0'?><m/>"), *more)


def docx(*more: tuple[str, bytes]) -> bytes:
    return office(f"{OFFICE}.wordprocessingml.document.main+xml", *more)


def open_document(kind: str, *more: tuple[str, bytes]) -> bytes:
    return archive(("mimetype", kind), ("content.xml", "<?xml version='1.0'?><c/>"), *more, stored=True)


def xlsx() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet().write("A1", "to see")
    return made.getvalue()


def wav(seconds: float = 0.1) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(int(16_000 * seconds)))
    return made.getvalue()


def mp3(*, tag: bytes = b"") -> bytes:
    """Silent frames of MPEG 1 Layer III, 128 kbit/s, 44.1 kHz: 417 bytes each."""
    return tag + (b"\xff\xfb\x90\x00" + bytes(413)) * 3


def id3(size: int = 300) -> bytes:
    return b"ID3\x03\x00\x00" + bytes((size >> shift) & 127 for shift in (21, 14, 7, 0)) + bytes(size)


def mp4(brand: bytes) -> bytes:
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + b"isommp42" + struct.pack(">I4s", 8, b"mdat")


def ogg(codec: bytes = b"OpusHead") -> bytes:
    return b"OggS\x00\x02" + bytes(20) + b"\x01\x13" + codec + bytes(11)


def webm(kind: bytes = b"webm") -> bytes:
    fields = b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82" + bytes(
        [0x80 | len(kind)]
    )
    return b"\x1a\x45\xdf\xa3\x9f" + fields + kind + bytes(40)


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp() -> bytes:
    return b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8 " + bytes(22)
