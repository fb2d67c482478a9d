"""Completion for shells, written from the commands themselves: a script that needs no program to be started at each press of Tab."""

import argparse
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devots_desktop.cli.arguments import tree
from devots_desktop.cli.output import Output

_FOLDERS, _FILES = ("DIR",), ("F", "FILE")
"""The metavars of options that take a folder or a file."""


@dataclass(frozen=True, slots=True)
class _Option:
    names: tuple[str, ...]
    help: str
    takes_value: bool
    metavar: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """What may come behind some commands: further ones with their help, or an argument's choices, and options."""

    path: str
    words: dict[str, str]
    options: tuple[_Option, ...]

    def everything(self) -> str:
        return " ".join([*self.words, *(name for option in self.options for name in option.names)])


def run(arguments: Namespace, output: Output) -> None:
    """Print the script for a shell."""
    places = list(_places(tree()))
    scripts: dict[str, Callable[[list[_Place]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    script = scripts[arguments.shell](places)
    if output.as_json:
        output.value(script)
    else:
        output.line(script)


def _places(parser: ArgumentParser, path: str = "") -> Iterator[_Place]:
    words: dict[str, str] = {}
    options: list[_Option] = []
    deeper: list[tuple[str, ArgumentParser]] = []
    for action in parser._actions:  # noqa: SLF001 (argparse shows what it was told nowhere else)
        choices = tuple(map(str, action.choices or ()))
        if action.option_strings:
            value = action.nargs != 0
            options.append(_Option(tuple(action.option_strings), action.help or "", value, str(action.metavar), choices))
        elif isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (as above)
            words |= {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 (as above)
            deeper += [(f"{path} {name}".strip(), each) for name, each in action.choices.items()]
        else:
            words |= dict.fromkeys(choices, action.help or "")
    yield _Place(path, words, tuple(options))
    for behind, each in deeper:
        yield from _places(each, behind)


def _cases(places: list[_Place], words: Callable[[str], str], folder: str, file: str) -> tuple[str, str, str]:
    """The cases of POSIX shells: which commands there are, what an option takes, what may come next."""
    paths = "|".join(shlex.quote(place.path) for place in places if place.path)
    taken = []
    for place in places:
        for option in place.options:
            how = folder if option.metavar in _FOLDERS else file if option.metavar in _FILES else words(" ".join(option.choices))
            names = "|".join(shlex.quote(f"{place.path} {name}".strip()) for name in option.names)
            taken += [f"    {names}) {how}; return ;;"] if option.takes_value else []
    following = [f"    {shlex.quote(place.path)}) {words(place.everything())} ;;" for place in places]
    return paths, "\n".join(taken), "\n".join(following)


def _bash(places: list[_Place]) -> str:
    paths, taken, following = _cases(
        places,
        words=lambda words: f'COMPREPLY=($(compgen -W "{words}" -- "$current"))' if words else ":",
        folder='compopt -o filenames; COMPREPLY=($(compgen -d -- "$current"))',
        file='compopt -o filenames; COMPREPLY=($(compgen -f -- "$current"))',
    )
    return f"""_devots() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" place= word IFS=$' \\t\\n'
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{place:+$place }}$word" in {paths}) place="${{place:+$place }}$word" ;; esac
  done
  case "${{place:+$place }}${{COMP_WORDS[COMP_CWORD-1]}}" in
{taken}
  esac
  case "$place" in
{following}
  esac
}}
complete -F _devots devots"""


def _zsh(places: list[_Place]) -> str:
    paths, taken, following = _cases(places, words=lambda words: f"compadd -- {words}" if words else ":", folder="_files -/", file="_files")
    return f"""#compdef devots
_devots() {{
  local place= word
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "${{place:+$place }}$word" in {paths}) place="${{place:+$place }}$word" ;; esac
  done
  case "${{place:+$place }}${{words[CURRENT-1]}}" in
{taken}
  esac
  case "$place" in
{following}
  esac
}}
compdef _devots devots"""


def _fish(places: list[_Place]) -> str:
    paths = " ".join(shlex.quote(place.path) for place in places if place.path)
    lines = [
        "function __devots_at",
        "  set -l place",
        "  for word in (commandline -opc)[2..-1]",
        f"    contains -- (string join ' ' $place $word) {paths}; and set -a place $word",
        "  end",
        '  test "$place" = "$argv"',
        "end",
        "complete -c devots -f",
    ]
    for place in places:
        here = f"complete -c devots -n {shlex.quote(f'__devots_at {place.path}'.strip())}"
        lines += [f"{here} -a {word} -d {_fish_quoted(help_)}" for word, help_ in place.words.items()]
        lines += [f"{here} {_fish_option(option)} -d {_fish_quoted(option.help)}" for option in place.options]
    return "\n".join(lines)


def _fish_option(option: _Option) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    if not option.takes_value:
        return names
    if option.metavar in _FILES:
        return f"{names} -rF"
    values = "(__fish_complete_directories)" if option.metavar in _FOLDERS else " ".join(option.choices)
    return f"{names} -x" + (f" -a '{values}'" if values else "")


def _fish_quoted(text: str) -> str:
    r"""In single quotes only \ and ' are special: https://fishshell.com/docs/current/language.html#quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
