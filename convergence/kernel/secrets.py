"""Text encrypted at rest: passphrases of containers, answers of secret questions.

AES-128-CBC with HMAC (Fernet), keys derived from long-lived settings. A key ring allows rotation: the first key
encrypts, every key decrypts.
"""

import base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_CONTEXT = b"convergence field encryption v1"


class SecretUnreadable(Exception):
    """The text was altered, or encrypted with a key that left the ring."""


@lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    if not all(keys) or not keys:
        raise ValueError("encryption needs at least one key, and no empty one")
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_CONTEXT).derive(key.encode())
    return base64.urlsafe_b64encode(derived)


def encrypt(text: str, keys: Sequence[str]) -> str:
    """`text` encrypted with the first of `keys`, as ASCII. Two calls never give the same result."""
    return _ring(tuple(keys)).encrypt(text.encode()).decode("ascii")


def decrypt(token: str, keys: Sequence[str]) -> str:
    """The text of `token`, whichever of `keys` encrypted it. Raises SecretUnreadable."""
    try:
        return _ring(tuple(keys)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def rotate(token: str, keys: Sequence[str]) -> str:
    """`token` encrypted again with the first of `keys`. Raises SecretUnreadable."""
    try:
        return _ring(tuple(keys)).rotate(token.encode()).decode("ascii")
    except InvalidToken as error:
        raise SecretUnreadable from error
