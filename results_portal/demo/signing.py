"""The demo's own signing key and certificate, which say that they are the demo's:
python -m results_portal.demo.signing FOLDER"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OWNER = "Centro Esami Sirio (DEMO: made-up results)"
LASTS = timedelta(days=10 * 365)


def keep_in(folder: Path) -> dict[str, str]:
    """The settings of the key and certificate in the folder, made anew if they are not there."""
    key_file, certificate_file = folder / "signing-key.pem", folder / "signing-certificate.pem"
    if not (key_file.is_file() and certificate_file.is_file()):
        key, certificate = make()
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(key)
        certificate_file.write_bytes(certificate)
    return {
        "STATEMENT_SIGNING_KEY": str(key_file),
        "STATEMENT_SIGNING_CERTIFICATE": str(certificate_file),
    }


def make(owner: str = OWNER) -> tuple[bytes, bytes]:
    """A new P-256 key and the certificate that it signs itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        (
            "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(pem),
    )


if __name__ == "__main__":
    for name, value in keep_in(Path(sys.argv[1])).items():
        print(f"{name}={value}")
