"""The demonstration site: the same service twice, one of them heavy; served on loopback only."""

import http.client
from threading import Thread

import pytest

from ecoscore.demo_site.server import HEAVY, SOBER, Server, picture


@pytest.fixture(scope="module")
def site():
    with Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def get(site: Server, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", site.server_port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    found = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return found


def test_it_listens_to_this_machine_only(site):
    assert site.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("version", [SOBER, HEAVY])
def test_both_versions_say_what_the_scenarios_wait_for(site, version):
    for path, text in (
        ("", "À lire cette semaine"),
        ("api/tensions", "Votre tension est stable"),
        ("api/tensions", "Dernière mesure"),
        ("mesures/", "Lecture de vos mesures"),
        ("conseils/", "Tous les conseils"),
    ):
        status, headers, body = get(site, f"/{version}/{path}")
        assert status == 200
        assert text in body.decode()
        assert "$" not in body.decode()
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "http" not in body.decode().replace("http-equiv", "")  # nothing of others


def test_the_sober_version_compresses_and_is_kept(site):
    _, headers, body = get(site, f"/{SOBER}/style.css", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Cache-Control"] == "max-age=3600"
    assert len(body) < len(get(site, f"/{SOBER}/style.css")[2])


def test_the_heavy_version_is_heavy_and_always_the_same(site):
    _, headers, body = get(site, f"/{HEAVY}/photo-0.png")
    assert len(body) > 300_000
    assert headers["Cache-Control"] == "no-store"
    assert body == picture(0)
    assert len(get(site, f"/{HEAVY}/api/tout")[2]) > 100_000


@pytest.mark.parametrize(
    "path", ["/ailleurs", "/sobre/photo-0.png", "/lourd/photo-x.png", "/lourd/photo-999.png", "/sobre/api/tout"]
)
def test_anything_else_is_not_found(site, path):
    assert get(site, path)[0] == 404


def test_the_root_leads_to_the_sober_version(site):
    status, headers, _ = get(site, "/")
    assert (status, headers["Location"]) == (302, "/sobre/")
