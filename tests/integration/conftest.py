"""What begins with the first test that asks for it and goes on while the others run."""

from collections.abc import Iterator

import pytest

from tests.support.background import Background
from tests.support.outage import Outage


@pytest.fixture(scope="session")
def minute_without_mail(background: Background, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """Begun by an early test, looked at by the last one: the minute costs nobody a minute."""
    outage = Outage(background, tmp_path_factory.mktemp("outage")).start()
    yield outage
    outage.close()
