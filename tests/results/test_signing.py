"""Signatures on documents, as whoever checks them sees them."""

import io
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from results import handing_out, signing
from results.document import render
from results_portal.checks import check_signature
from results_portal.demo import signing as demo
from tests.results.test_document import made, pages


@pytest.fixture
def signer(settings):
    """A key and certificate in the settings, as PEM text; the certificate."""
    key, certificate = demo.make("Centro Esami Sirio")
    settings.STATEMENT_SIGNING_KEY = key.decode()
    settings.STATEMENT_SIGNING_CERTIFICATE = certificate.decode()
    return certificate


def status(pdf: bytes, certificate: bytes):
    """What a reader finds that trusts this certificate, offline."""
    [signature] = PdfFileReader(io.BytesIO(pdf), strict=False).embedded_signatures
    roots = list(load_certs_from_pemder_data(certificate))
    return validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))


def test_a_signed_document_is_valid_whole_and_says_who_and_what(signer):
    pdf = handing_out.signed(made("B2F"), "en")
    found = status(pdf, signer)
    assert (found.bottom_line, found.intact, found.valid, found.trusted) == (True, True, True, True)
    assert found.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert found.md_algorithm == "sha256"
    assert found.pkcs7_signature_mechanism == "sha256_ecdsa"
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.sig_object["/Reason"] == "Statement of Results 26FIT0245003, version 1"
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.signer_cert.subject.native["common_name"] == "Centro Esami Sirio"


def test_a_signature_takes_nothing_from_the_document(signer):
    plain, signed = render(made("B2F"), "en"), handing_out.signed(made("B2F"), "en")
    assert signed.startswith(plain)
    assert pages(signed) == pages(plain)
    root = PdfReader(io.BytesIO(signed)).trailer["/Root"]
    assert "/Version" not in root  # PDF/UA-1 is of PDF 1.7
    assert root["/MarkInfo"]["/Marked"]
    assert "<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data().decode()
    [page] = PdfReader(io.BytesIO(signed)).pages
    [widget] = [note for note in page["/Annots"] if note.get_object()["/Subtype"] == "/Widget"]
    # Nothing to see and nothing to read out (ISO 14289-1, 7.18.1); the order of the tags stands.
    assert list(widget.get_object()["/Rect"]) == [0, 0, 0, 0]
    assert page["/Tabs"] == "/S"


@pytest.mark.parametrize("at", ["the beginning", "a glyph", "the end of the document"])
def test_one_byte_changed_is_found_out(signer, at):
    pdf = bytearray(handing_out.signed(made("B2F"), "en"))
    length = len(render(made("B2F"), "en"))
    place = {"the beginning": 12, "a glyph": length // 2, "the end of the document": length - 40}[at]
    pdf[place] ^= 1
    try:
        found = status(bytes(pdf), signer)
    except (PdfReadError, SignatureValidationError, SigningError, ValueError):
        return  # not even a PDF with a signature any more
    assert not found.bottom_line
    assert not found.intact


def test_what_is_added_after_the_signature_is_found_out(signer):
    pdf = handing_out.signed(made("B2F"), "en")
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    page.get_object()["/Rotate"] = generic.NumberObject(180)
    writer.mark_update(page)
    changed = io.BytesIO()
    writer.write(changed)
    assert not status(changed.getvalue(), signer).bottom_line


def test_a_signature_of_somebody_else_is_not_trusted(signer):
    _key, other = demo.make("Centro Esami Sirio")
    found = status(handing_out.signed(made("B2F"), "en"), other)
    assert (found.intact, found.trusted, found.bottom_line) == (True, False, False)


def test_without_a_key_a_document_goes_out_unsigned(settings):
    settings.STATEMENT_SIGNING_KEY = settings.STATEMENT_SIGNING_CERTIFICATE = ""
    pdf = handing_out.signed(made("B2F"), "en")
    assert pdf == render(made("B2F"), "en")
    assert PdfFileReader(io.BytesIO(pdf)).embedded_signatures == []


def test_key_and_certificate_may_be_files(settings, tmp_path):
    names = demo.keep_in(tmp_path)
    for name, value in names.items():
        setattr(settings, name, value)
    certificate = (tmp_path / "signing-certificate.pem").read_bytes()
    assert status(handing_out.signed(made("B2F"), "en"), certificate).bottom_line


def test_certificates_that_vouch_for_the_signers_go_into_the_document(settings):
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("Authority", authority_key, "Authority", authority_key, ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate("Centro", key, "Authority", authority_key)
    settings.STATEMENT_SIGNING_KEY = _pem(key)
    settings.STATEMENT_SIGNING_CERTIFICATE = own + authority
    pdf = handing_out.signed(made("B2F"), "en")
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert len(signature.other_embedded_certs) == 1
    assert status(pdf, authority.encode()).bottom_line


# --- The demo's key ----------------------------------------------------------------------------------------


def test_the_demos_signature_says_that_it_is_the_demos_and_its_key_is_its_owners_alone(settings, tmp_path):
    for name, value in demo.keep_in(tmp_path).items():
        setattr(settings, name, value)
    [signature] = PdfFileReader(io.BytesIO(handing_out.signed(made(), "en"))).embedded_signatures
    assert "DEMO" in signature.signer_cert.subject.native["common_name"]
    assert stat.S_IMODE((tmp_path / "signing-key.pem").stat().st_mode) == 0o600
    before = (tmp_path / "signing-key.pem").read_bytes()
    demo.keep_in(tmp_path)
    assert (tmp_path / "signing-key.pem").read_bytes() == before


# --- What `manage.py check --deploy` says ----------------------------------------------------------------


def ids() -> list[str]:
    return [found.id for found in check_signature(None)]


def test_the_check_is_content_with_a_key_and_its_certificate(signer):
    assert ids() == []
    assert signing.is_set_up()


def test_the_check_warns_of_unsigned_documents_with_a_hint(settings):
    settings.STATEMENT_SIGNING_KEY = settings.STATEMENT_SIGNING_CERTIFICATE = ""
    [warning] = check_signature(None)
    assert warning.id == "portal.W004"
    assert "STATEMENT_SIGNING_KEY" in warning.hint


def test_the_check_tells_what_is_wrong_with_a_key(settings, signer, tmp_path):
    other_key, _other = demo.make("Somebody")
    good_key, good_certificate = settings.STATEMENT_SIGNING_KEY, settings.STATEMENT_SIGNING_CERTIFICATE
    rsa_like = _pem(ec.generate_private_key(ec.SECP384R1()))
    key = ec.generate_private_key(ec.SECP256R1())
    over = _certificate("Old", key, "Old", key, days=(-20, -10))
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    ).decode()
    for key_pem, certificate, said in (
        (other_key.decode(), good_certificate, "not that of the key"),
        (rsa_like, good_certificate, "P-256"),
        (_pem(key), over, "not valid today"),
        (good_key, "", "cannot be read"),
        ("", good_certificate, "cannot be read"),
        ("/nowhere/key.pem", good_certificate, "No such file"),
        ("-----BEGIN nonsense", good_certificate, "of no use"),
        (locked, good_certificate, "of no use"),
    ):
        settings.STATEMENT_SIGNING_KEY, settings.STATEMENT_SIGNING_CERTIFICATE = key_pem, certificate
        [error] = check_signature(None)
        assert error.id == "portal.E005"
        assert said in error.msg, (said, error.msg)
        assert "BEGIN" not in error.msg


def test_the_check_warns_before_the_certificate_ends(settings):
    key = ec.generate_private_key(ec.SECP256R1())
    settings.STATEMENT_SIGNING_KEY = _pem(key)
    settings.STATEMENT_SIGNING_CERTIFICATE = _certificate("Soon", key, "Soon", key, days=(-300, 20))
    assert ids() == ["portal.W006"]


def _pem(key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _certificate(owner, key, issuer, issuer_key, *, ca: bool = False, days=(-1, 900)) -> str:
    def name(common):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    now = datetime.now(UTC)
    usage = {
        name: ca if name in {"key_cert_sign", "crl_sign"} else name == "digital_signature" and not ca
        for name in (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )
    } | {"content_commitment": not ca}  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name(owner))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
