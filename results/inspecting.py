"""Looks at a PDF that somebody hands in: was it signed by us, and is it unchanged since?

Runs as a process of its own (results/verifying_files.py), with little time and memory, no secret and no
database: a file made to burst or to break its reader brings down this process and nothing else. Not imported
by the portal, and imports nothing of it.

Reads the file from standard input and writes {"verdict": …, "codes": […]}; codes: those of a genuine file.
Arguments: each certificate of ours (DER, in hex).
"""

import io
import json
import re
import resource
import sys

SECONDS, MEMORY = 5, 512_000_000  # of processor; bytes
HEADER_WITHIN = 1024  # bytes, as readers of PDF look for it
_SHA256 = "300d06096086480165030402010500"  # AlgorithmIdentifier of RFC 5754, as we sign
_CODE = re.compile(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}")


def inspect(pdf: bytes, ours: list[str]) -> dict:
    """What is found; ours: our certificates (DER, in hex)."""
    if b"%PDF-" not in pdf[:HEADER_WITHIN]:
        found = {"verdict": "not_pdf"}
    else:
        try:
            found = _inspect(pdf, ours)
        except Exception:  # whatever a reader trips over
            found = {"verdict": "damaged"}
    # Broken so that it no longer reads as signed by us, and still with our certificate inside.
    if found["verdict"] != "genuine" and _has_certificate(pdf, ours):
        return {"verdict": "changed"}
    return found


def _inspect(pdf: bytes, ours: list[str]) -> dict:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(pdf), strict=False)
    if reader.encrypted:
        return {"verdict": "encrypted"}
    signatures = reader.embedded_signatures
    if not signatures:
        return {"verdict": "unsigned"}
    [signature] = signatures
    if signature.signer_cert.dump().hex() not in ours:
        return {"verdict": "foreign"}
    # Which certificate counts is said above, whether it is still valid today or not.
    status = validate_pdf_signature(
        signature, ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    )
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and _is_filled_as_written(pdf, signature)
    if not (status.intact and status.valid and whole):
        return {"verdict": "changed"}
    keywords = str(reader.trailer["/Info"].get("/Keywords", ""))
    return {"verdict": "genuine", "codes": _CODE.findall(keywords)}


def _is_filled_as_written(pdf: bytes, signature) -> bool:
    """Whether the place that a signature does not cover, its own, holds it as we write it, then noughts."""
    _start, before, after, _length = (int(number) for number in signature.byte_range)
    content = signature.pkcs7_content
    rest = content[_length_of(content) :]
    digits = content.hex()
    as_written = {f"<{each}>".encode() for each in (digits, digits.upper())}
    data, signer = signature.signed_data, signature.signer_info
    algorithms = [each.dump().hex() for each in (*data["digest_algorithms"], signer["digest_algorithm"])]
    versions = [data["version"].native, signer["version"].native]
    is_as_usual = algorithms == [_SHA256] * 2 and versions == ["v1"] * 2
    return pdf[before:after] in as_written and not any(rest) and is_as_usual


def _length_of(der: bytes) -> int:
    from asn1crypto.parser import parse

    _class, _method, _tag, header, content, trailer = parse(der, strict=False)
    return len(header) + len(content) + len(trailer)


def _has_certificate(pdf: bytes, ours: list[str]) -> bool:
    """Whether one of ours stands in the file; one half is enough, the other may be what was changed."""
    digits = pdf.upper()
    halves = (half for each in ours for half in (each[: len(each) // 2], each[len(each) // 2 :]))
    return any(half.upper().encode() in digits for half in halves)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(inspect(sys.stdin.buffer.read(), sys.argv[1:])))
