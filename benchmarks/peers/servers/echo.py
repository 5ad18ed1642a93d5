"""A bare Starlette route that reads JSON and sends it back: what HTTP itself costs here."""

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def echo(request):
    return Response(orjson.dumps(orjson.loads(await request.body())), media_type="application/json")


app = Starlette(routes=[Route("/predict", echo, methods=["POST"])])
