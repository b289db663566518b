"""Which broker a binding means, with its secrets hidden from every message."""

from urllib.parse import unquote, urlsplit

from home.errors import BatonError
from ingest.brokers import Broker, broker, is_broker
from orchestrate.connectors.port import CallFailed
from orchestrate.connectors.secrets import Secrets


def broker_at(address: str, queue: str | None, secrets: Secrets) -> Broker:
    """The queue or topic at an address, by reference or without a password; raises `CallFailed`."""
    found = secrets.maybe(address)
    if not is_broker(found):
        raise CallFailed("the setting address is no broker's: write amqp://… or kafka://…", retryable=False)
    try:
        password = urlsplit(found).password
    except ValueError:
        password = None
    for secret in (password, unquote(password or "")):
        if secret:
            secrets.hide(secret)
    try:
        return broker(found, queue)
    except (BatonError, ValueError) as error:
        raise secrets.failed(f"the setting address cannot be read: {error}", retryable=False) from error
