"""What a venue says of itself at ``/metrics``, as numbers.

In: a running venue with HTTP. Out: the text as it came, and each figure by name and labels.
"""

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.support.venue import PATIENCE_S, VenueProcess

Key = tuple[str, frozenset[tuple[str, str]]]


class Figures:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.types = {family.name: family.type for family in text_string_to_metric_families(text)}
        self._values: dict[Key, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        """Of all samples."""
        return {name for name, _ in self._values}

    def __call__(self, name: str, **labels: str) -> float:
        """A figure; what was never counted is 0."""
        return self._values.get((name, frozenset(labels.items())), 0.0)


def get(venue: VenueProcess, path: str) -> tuple[int, str, str]:
    """Status, content type and body of an answer of the venue's HTTP gateway."""
    address = venue.logged("listening_http")
    connection = http.client.HTTPConnection(address["host"], address["port"], timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def scrape(venue: VenueProcess) -> Figures:
    """All figures as of now."""
    status, _, text = get(venue, "/metrics")
    assert status == 200, text
    return Figures(text)
