"""The command line: `devots …` on the same services and the same files as the window. No Qt.

People script it, so its forms are a contract: options and exit codes in arguments.py and main.py, JSON in forms.py.
"""
