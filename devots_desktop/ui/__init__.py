"""The window: everything Qt. It calls services, and is told through ui/bridge.py what changed."""
