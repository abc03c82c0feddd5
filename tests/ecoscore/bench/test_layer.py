"""Bytes and requests from DevTools events, as Chromium sends them."""

from ecoscore.bench.layer import Layer


def sent(number: str, url: str = "https://site.example/", **more):
    return "Network.requestWillBeSent", {"requestId": number, "request": {"url": url}, **{"loaderId": "L1", **more}}


def head(number: str, size: int, **more):
    return "Network.responseReceived", {"requestId": number, "response": {"encodedDataLength": size, **more}}


def data(number: str, size: int):
    return "Network.dataReceived", {"requestId": number, "encodedDataLength": size}


def finished(number: str, size: int):
    return "Network.loadingFinished", {"requestId": number, "encodedDataLength": size}


def layer_of(*events) -> Layer:
    layer = Layer()
    for name, params in events:
        layer.take(name, params)
    return layer


def test_a_response_counts_its_head_and_body_once():
    layer = layer_of(sent("1"), head("1", 200), data("1", 1000), finished("1", 1200))
    assert (layer.bytes, layer.requests, layer.is_waiting) == (1200, 1, False)


def test_a_body_that_nobody_reads_still_counts():
    layer = layer_of(sent("1"), head("1", 200), data("1", 535))
    assert (layer.bytes, layer.requests, layer.is_waiting) == (735, 1, False)


def test_a_redirect_is_one_more_request_and_its_head_counts():
    layer = layer_of(
        sent("1"), sent("1", redirectResponse={"encodedDataLength": 180}), head("1", 200), finished("1", 700)
    )
    assert (layer.bytes, layer.requests) == (880, 2)


def test_what_a_cache_or_a_service_worker_answered_counts_nothing():
    layer = layer_of(
        sent("1"),
        ("Network.requestServedFromCache", {"requestId": "1"}),
        head("1", 200),
        finished("1", 5000),
        sent("2"),
        head("2", 200, fromDiskCache=True),
        finished("2", 900),
        sent("3"),
        head("3", 200, fromServiceWorker=True),
    )
    assert (layer.bytes, layer.requests, layer.is_waiting) == (0, 0, False)


def test_addresses_that_need_no_network_count_nothing():
    layer = layer_of(sent("1", "data:,"), head("1", 10), sent("2", "blob:https://x/1"), head("2", 10))
    assert (layer.bytes, layer.requests) == (0, 0)


def test_it_waits_for_heads_only_and_no_more_after_a_failure_or_a_departure():
    assert layer_of(sent("1")).is_waiting
    assert not layer_of(sent("1"), ("Network.loadingFailed", {"requestId": "1"})).is_waiting
    layer = layer_of(sent("1"))
    layer.leave("", "L1")
    assert layer.is_waiting
    layer.leave("", "L2")
    assert not layer.is_waiting
    assert layer.requests == 0


def test_a_frame_of_another_site_tells_the_rest_of_what_its_page_asked_for():
    layer = Layer()
    layer.take(*sent("1"))
    assert layer.is_waiting
    for name, params in (head("1", 100), finished("1", 300), sent("2"), head("2", 50)):
        layer.take(name, params, "frame")
    assert (layer.bytes, layer.requests, layer.is_waiting) == (350, 2, False)


def test_a_worker_that_ended_waits_for_nothing_more():
    layer = Layer()
    layer.take(*sent("1"), "worker")
    layer.leave("", "L2")
    assert layer.is_waiting
    layer.leave("worker")
    assert not layer.is_waiting


def test_a_worker_that_was_heard_late_is_counted_all_the_same():
    layer = Layer()
    layer.take(*sent("1", "https://site.example/w.js", loaderId=""))
    layer.start_worker("https://site.example/w.js")
    name, params = head("2", 80, url="https://site.example/w.json")
    layer.take(name, params, "worker")
    assert (layer.bytes, layer.requests, layer.is_waiting) == (80, 2, False)


def test_what_a_closed_browser_received_stays_counted():
    layer = layer_of(sent("1"), head("1", 100), sent("2"))
    layer.forget()
    assert (layer.bytes, layer.requests, layer.is_waiting) == (100, 1, False)
