"""The sync engine: plan.py decides, apply.py carries out, engine.py runs it. asyncio only; importable without a GUI."""
