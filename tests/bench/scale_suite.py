"""What the number of profiles costs: recognition, and every search."""

from collections.abc import Callable

from tests.bench import scale_filters, scale_identify
from tests.bench.rows import Row

SUITE = "scale"


async def run(progress: Callable[[str], None]) -> list[Row]:
    """The rows of all cases."""
    return [
        *await scale_identify.run(SUITE, progress),
        *await scale_filters.run(SUITE, progress),
    ]
