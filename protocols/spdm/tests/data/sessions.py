"""Made sessions.txt next to it, with Python's `cryptography` 48 for the ciphers: python3 sessions.py > sessions.txt.

Worked out from the text of DSP0274 1.3 (12, key schedule) and DSP0277 1.2 (records) with `hmac` and `hashlib`. Nothing of
this crate takes part, and neither does anything else that speaks SPDM.
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

CIPHERS = {"aes-128-gcm": (16, AESGCM), "aes-256-gcm": (32, AESGCM), "chacha20-poly1305": (32, ChaCha20Poly1305)}
MESSAGE = bytes.fromhex("12e80000") + b"a message"


def show(name, *values):
    print(name, *(value.hex() if isinstance(value, bytes) else value for value in values))


class Schedule:
    def __init__(self, version, hash_name):
        self.version, self.hash_name = version, hash_name
        self.size = hashlib.new(hash_name).digest_size

    def mac(self, key, text):
        return hmac.new(key, text, self.hash_name).digest()

    # RFC 5869, 2.2.
    def extract(self, salt, material):
        return self.mac(salt, material)

    # RFC 5869, 2.3, with all its blocks.
    def expand(self, secret, label, context=b"", length=None):
        length = length or self.size
        info = struct.pack("<H", length) + f"spdm{self.version} {label}".encode() + context
        out, block, counter = b"", b"", 1
        while len(out) < length:
            block = self.mac(secret, block + info + bytes([counter]))
            out += block
            counter += 1
        return out[:length]


def schedule(version, hash_name, kind):
    s = Schedule(version, hash_name)
    # As long as one of ECDH over P-384; or the pre-shared key of libspdm's sample responder.
    shared = bytes(range(1, 49)) if kind == "exchange" else b"TestPskData\0"
    th1, finish, th2 = (hashlib.new(hash_name, text).digest() for text in (b"TH1", b"to FINISH", b"TH2"))
    salt0 = bytes([0xFF if kind == "psk" and version >= "1.3" else 0]) * s.size
    handshake = s.extract(salt0, shared)
    requester, responder = (s.expand(handshake, f"{side} hs data", th1) for side in ("req", "rsp"))
    master = s.extract(s.expand(handshake, "derived"), bytes(s.size))
    data = [s.expand(master, f"{side} app data", th2) for side in ("req", "rsp")]

    show("schedule", version, hash_name, kind)
    show("shared", shared)
    show("th1", th1)
    show("finish", finish)
    show("th2", th2)
    show("handshake", requester, responder)
    show("verify", *(s.mac(s.expand(secret, "finished"), finish) for secret in (requester, responder)))
    show("application", *data)
    show("exporter", s.expand(master, "exp master", th2))
    show("next", *(s.expand(secret, "traffic upd") for secret in data))
    for cipher, (length, _) in CIPHERS.items():
        show("keys", cipher, s.expand(data[0], "key", length=length), s.expand(data[0], "iv", length=12))
    print()


# DSP0277 1.2 says little-endian, in the first bytes. 1.0 and 1.1 do not say; libspdm does the same there by default.
def nonce(salt, sequence):
    mixed = struct.pack("<Q", sequence) + bytes(4)
    return bytes(one ^ other for one, other in zip(salt, mixed))


def wrapped(transport, message):
    return {
        "doe": message,
        "mctp": b"\x05" + message,
        "tcp": struct.pack("<HBB", len(message) + 2, 1, 5) + message,
    }[transport]


def record(secured, transport, protection, cipher, secret, sequence, random=b""):
    s = Schedule("1.2", "sha384")
    length, algorithm = CIPHERS[cipher]
    aead = algorithm(s.expand(secret, "key", length=length))
    salt = s.expand(secret, "iv", length=12)
    application = wrapped(transport, MESSAGE)
    session = 0xFFFEFFFD
    head = struct.pack("<I", session)
    if transport == "mctp":
        head += struct.pack("<Q", sequence)[:2]
    if protection == "encrypted":
        inner = struct.pack("<H", len(application)) + application + random
        head += struct.pack("<H", len(inner) + 16)
        whole = head + aead.encrypt(nonce(salt, sequence), inner, head)
    else:
        head += struct.pack("<H", len(application) + 16)
        whole = head + application + aead.encrypt(nonce(salt, sequence), b"", head + application)
    show("record", secured, transport, protection, cipher, sequence, len(random), whole)


if __name__ == "__main__":
    print("# Made by sessions.py, which says from what.")
    print()
    for version in ("1.1", "1.2", "1.3"):
        for hash_name in ("sha256", "sha384", "sha512"):
            for kind in ("exchange", "psk"):
                schedule(version, hash_name, kind)
    secret = bytes(range(100, 148))
    show("secret", secret)
    show("message", MESSAGE)
    for secured in ("1.1", "1.2"):
        for transport in ("doe", "mctp", "tcp"):
            for protection in ("encrypted", "authenticated"):
                for cipher in CIPHERS:
                    for sequence in (0, 1, 0x0102030405060708):
                        record(secured, transport, protection, cipher, secret, sequence)
        record(secured, "mctp", "encrypted", "aes-256-gcm", secret, 0, b"random")
