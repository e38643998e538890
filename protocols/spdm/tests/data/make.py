"""Made the files next to it, with Python's `cryptography` 48: python3 make.py. New keys are made each time."""

from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

RESPONDER = x509.ObjectIdentifier("1.3.6.1.4.1.412.274.3")
SERVER = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")
DEVICE = b"Vendor=8086:Device=0d58:CC=058000:REV=01:SSVID=8086:SSID=0000:0011223344556677"
INFO = b"ACME:WIDGET:1234567890"


def tlv(tag, *parts):
    value = b"".join(parts)
    assert len(value) < 128
    return bytes([tag, len(value)]) + value


def oid(text):
    arcs = [int(arc) for arc in text.split(".")]
    out = [arcs[0] * 40 + arcs[1]]
    for arc in arcs[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        out += groups
    return tlv(6, bytes(out))


def name(*parts):
    kinds = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME}
    return x509.Name([x509.NameAttribute(kinds[kind], text) for kind, text in parts])


def usage(**on):
    flags = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{flag: on.get(flag, False) for flag in flags.split()})


def other(number, text):
    return x509.OtherName(x509.ObjectIdentifier(number), tlv(12, text))


def write(file, made):
    der = made.public_bytes(serialization.Encoding.DER)
    with open(file, "w") as out:
        out.write("\n".join(der.hex()[at : at + 100] for at in range(0, len(der) * 2, 100)) + "\n")


def day(year, month, day_, *time):
    return datetime(year, month, day_, *time, tzinfo=timezone.utc)


def certificate(subject, issuer, key, serial, start, end, *extensions):
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(serial).not_valid_before(start).not_valid_after(end)
    for extension, critical in extensions:
        made = made.add_extension(extension, critical)
    return made


marks = tlv(0x30, tlv(0x30, oid("1.3.6.1.4.1.412.274.2")), tlv(0x30, oid("1.3.6.1.4.1.412.274.5")))
firmware = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"), tlv(4, bytes(range(32))))
tcb = tlv(0x30, tlv(0x80, b"ACME"), tlv(0x81, b"Widget"), tlv(0x83, b"\7"), tlv(0xA6, firmware), tlv(0x87, b"\7\x80"))

root_name, sub_name, leaf_name = name(("C", "DE"), ("O", "Ex, Ämple"), ("CN", "Root")), name(("CN", "Sub")), name(("CN", "Leaf"))
root_key = rsa.generate_private_key(65537, 2048)
sub_key, leaf_key, one_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()

root = certificate(
    root_name, root_name, root_key, 0xFF112233445566, day(2020, 1, 2, 3, 4, 5), day(2060, 2, 29, 3, 4, 5),
    (x509.BasicConstraints(ca=True, path_length=2), True),
    (usage(key_cert_sign=True, crl_sign=True), True),
).sign(root_key, hashes.SHA384(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH))
write("root.hex", root)
sub = certificate(
    sub_name, root_name, sub_key, 2, day(2021, 1, 1), day(2049, 12, 31, 23, 59, 59),
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (usage(key_cert_sign=True, crl_sign=True), True),
    (x509.SubjectKeyIdentifier.from_public_key(sub_key.public_key()), False),
).sign(root_key, hashes.SHA3_256())
write("sub.hex", sub)
leaf = certificate(
    leaf_name, sub_name, leaf_key, 0x1234567890ABCDEF1234567890ABCDEF12345678, day(2024, 2, 29), day(2050, 1, 1),
    (x509.BasicConstraints(ca=False, path_length=None), True),
    (usage(digital_signature=True, content_commitment=True, key_agreement=True, decipher_only=True), True),
    (x509.ExtendedKeyUsage([RESPONDER, SERVER]), False),
    (x509.SubjectAlternativeName([other("2.23.147", DEVICE), other("1.3.6.1.4.1.412.274.1", INFO), x509.DNSName("a.example")]), False),
    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.412.274.6"), marks), False),
    (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.23.133.5.4.1"), tcb), True),
).sign(sub_key, hashes.SHA3_512())
write("leaf.hex", leaf)
one = certificate(name(("CN", "One")), name(("CN", "One")), one_key, 1, day(1970, 1, 1), day(9999, 12, 31, 23, 59, 59)).sign(one_key, None)
write("one.hex", one)

revoked = x509.RevokedCertificateBuilder().serial_number(leaf.serial_number).revocation_date(day(2025, 1, 1))
revoked = revoked.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build()
crl = x509.CertificateRevocationListBuilder().issuer_name(sub_name).last_update(day(2026, 1, 1)).next_update(day(2027, 1, 1))
crl = crl.add_revoked_certificate(revoked).add_extension(x509.CRLNumber(5), False).sign(sub_key, hashes.SHA384())
write("list.hex", crl)
