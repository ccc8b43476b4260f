"""The floor: a server that reads the request and answers with the bytes in BENCH_ANSWER's file."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.serve import serve


def application(body: bytes) -> Starlette:
    """Answers POST /graphql with `body`."""

    async def respond(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/graphql", respond, methods=["POST"])])


if __name__ == "__main__":
    serve(application(Path(os.environ["BENCH_ANSWER"]).read_bytes()))
