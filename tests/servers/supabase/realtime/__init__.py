"""The Realtime part: a WebSocket that tells changes."""

from tests.servers.supabase.realtime.server import Realtime

__all__ = ["Realtime"]
