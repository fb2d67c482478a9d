"""Asking with a dialog without a loop of its own: tasks that wake inside a nested loop would be stranded for good."""

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog


async def ask(dialog: QDialog) -> bool:
    """Open a dialog and wait until it is finished; answer whether it was accepted. Cancelled, it closes the dialog."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)

    def finished(result: int) -> None:
        if not done.done():
            done.set_result(result)

    dialog.finished.connect(finished)
    dialog.open()
    try:
        return await done == QDialog.DialogCode.Accepted.value
    finally:
        dialog.close()
        dialog.deleteLater()
