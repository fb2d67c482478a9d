"""The Realtime part: a WebSocket that tells changes. server.py is its whole."""
