"""What nobody is to read in a finding that is copied and sent around: whose account it is, and where."""

import ipaddress
from dataclasses import replace
from pathlib import Path

from devots_desktop.domain.account import Account
from devots_desktop.domain.finding import Finding

_SHORTEST = 4
"""Characters of a word that is looked for; shorter ones would be found in ordinary words."""


def discreet(finding: Finding, account: Account) -> Finding:
    """The finding without e-mail, host, user id and home folder, whatever wrote them into it. A host on this computer may be named."""
    words = {account.name: "this account", account.email: "you", account.user_id: "your id", str(Path.home()): "~"}
    host = account.host
    if not _here(host):
        words |= {host: "the server", account.address.get("database", ""): "the database"}
    sentence, next_step = finding.sentence, finding.next_step
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _SHORTEST and words[word] != word:
            sentence, next_step = sentence.replace(word, words[word]), next_step.replace(word, words[word])
    return replace(finding, sentence=sentence, next_step=next_step)


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
