"""The Realtime part: a WebSocket that tells changes."""

from aiohttp import web

from tests.servers.supabase.gateway import Gateway


async def serve(request: web.Request, gateway: Gateway) -> web.StreamResponse:
    """Answer GET /realtime/v1/websocket. Comes without the gate: this part looks at `apikey` itself."""
    return web.json_response({"error": "Error connecting to Realtime"}, status=500)
