import pytest

from convergence.kernel import secrets


def test_a_text_comes_back_and_is_never_readable_at_rest():
    token = secrets.encrypt("mot de passe démo 🔑", ["clé"])

    assert "démo" not in token
    assert token.isascii()
    assert secrets.decrypt(token, ["clé"]) == "mot de passe démo 🔑"
    assert token != secrets.encrypt("mot de passe démo 🔑", ["clé"])


def test_an_older_key_of_the_ring_still_decrypts_and_rotation_frees_from_it():
    old = secrets.encrypt("texte", ["ancienne"])

    assert secrets.decrypt(old, ["nouvelle", "ancienne"]) == "texte"
    rotated = secrets.rotate(old, ["nouvelle", "ancienne"])
    assert secrets.decrypt(rotated, ["nouvelle"]) == "texte"


def test_a_lost_key_or_an_altered_text_is_told():
    token = secrets.encrypt("texte", ["ancienne"])

    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(token, ["nouvelle"])
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(token[:-4] + "AAAA", ["ancienne"])
    with pytest.raises(secrets.SecretUnreadable):
        secrets.rotate(token, ["nouvelle"])


@pytest.mark.parametrize("keys", [[], [""], ["a", ""]])
def test_an_empty_key_is_refused(keys):
    with pytest.raises(ValueError, match="key"):
        secrets.encrypt("texte", keys)
