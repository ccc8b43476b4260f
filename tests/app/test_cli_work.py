"""`profile-gateway work`: the workers without a gateway."""

import json
import signal

from tests.support.process import command, running


async def test_once_it_does_what_is_to_be_done_and_ends(tmp_path):
    done = await command("work", "--once", "--json", folder=tmp_path)
    told = await command("work", "--once", folder=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "fieldJobs": 0,
        "expired": 0,
        "sent": 0,
        "read": 0,
        "synced": 0,
    }
    assert (told.code, told.out.splitlines()) == (
        0,
        [
            "0 field jobs done, 0 profiles removed",
            "0 changes sent to CRMs, 0 records read",
            "0 objects synchronised",
        ],
    )


async def test_it_works_until_a_signal_asks_it_to_stop(tmp_path):
    async with running("work", folder=tmp_path) as worker:
        await worker.says("working")

        ended = await worker.stopped(signal.SIGTERM)

    assert (ended.code, ended.err) == (0, "")


async def test_it_says_how_it_is_used(tmp_path):
    told = await command("work", "--help", folder=tmp_path)
    wrong = await command("work", "--twice", folder=tmp_path)

    assert (told.code, wrong.code) == (0, 2)
    assert "--once" in told.out
