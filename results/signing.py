"""The signature on documents: PAdES, P-256, made offline with the key and certificate of the settings.

Any reader of PDF shows whose it is and whether a byte was changed since. Without a key documents go out
unsigned, and `manage.py check --deploy` says so. There is no time stamp of an authority: nothing is fetched.
"""

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

FIELD = "Signature"


def sign(pdf: bytes, reason: str) -> bytes:
    """The document with a signature over all of it, which allows no change; as it is if no key is set.

    reason: what a reader of PDF shows as the reason. Raises ValueError if key or certificate are of no use.
    """
    if not is_set_up():
        return pdf
    # Half a second to import: for those processes alone that sign.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

    class Writer(IncrementalPdfFileWriter):
        def _update_meta(self):
            """Leave the metadata: pyHanko's own do without the mark of PDF/UA."""

        def ensure_output_version(self, version):
            """Leave the version: PDF/UA-1 is of PDF 1.7, and readers of that know P-256."""

    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason=reason,
    )
    signer = _signer(settings.STATEMENT_SIGNING_KEY, settings.STATEMENT_SIGNING_CERTIFICATE)
    signed = io.BytesIO()
    PdfSigner(metadata, signer).sign_pdf(Writer(io.BytesIO(pdf)), output=signed)
    return signed.getvalue()


def is_set_up() -> bool:
    return bool(settings.STATEMENT_SIGNING_KEY or settings.STATEMENT_SIGNING_CERTIFICATE)


def certificate() -> x509.Certificate:
    """The signer's certificate. Raises ValueError, in words, if it or its key is of no use."""
    return _key_and_certificates(settings.STATEMENT_SIGNING_KEY, settings.STATEMENT_SIGNING_CERTIFICATE)[1][0]


def our_certificates() -> list[x509.Certificate]:
    """Those with which documents are signed, and were: with an earlier key, or until one ran out.

    Raises ValueError if what the settings say cannot be read.
    """
    found = []
    if settings.STATEMENT_SIGNING_CERTIFICATE:
        found = x509.load_pem_x509_certificates(_pem(settings.STATEMENT_SIGNING_CERTIFICATE))[:1]
    if settings.STATEMENT_SIGNING_EARLIER_CERTIFICATES:
        found += x509.load_pem_x509_certificates(_pem(settings.STATEMENT_SIGNING_EARLIER_CERTIFICATES))
    return found


def _key_and_certificates(
    key: str, certificates: str
) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """The key, and its certificate with those that vouch for it."""
    private = load_pem_private_key(_pem(key), password=None)
    chain = x509.load_pem_x509_certificates(_pem(certificates))
    if not (isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1)):
        raise ValueError("The key is not one of the curve P-256.")
    if chain[0].public_key() != private.public_key():
        raise ValueError("The first certificate is not that of the key.")
    if not chain[0].not_valid_before_utc <= datetime.now(UTC) <= chain[0].not_valid_after_utc:
        raise ValueError("The certificate is not valid today.")
    return private, chain


def _pem(given: str) -> bytes:
    """PEM text as it is, or from the file of this path."""
    if given.lstrip().startswith("-----BEGIN"):
        return given.encode()
    try:
        return Path(given).read_bytes()
    except OSError as error:
        raise ValueError(f"The file {given!r} cannot be read: {error.strerror}.") from error


@cache
def _signer(key: str, certificates: str):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    private, chain = _key_and_certificates(key, certificates)
    as_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own, *others = load_certs_from_pemder_data(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    store = SimpleCertificateStore()
    store.register_multiple(others)
    return SimpleSigner(
        signing_cert=own,
        signing_key=load_private_key_from_pemder_data(as_pem, passphrase=None),
        cert_registry=store,
    )
