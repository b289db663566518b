"""What a declaration sends with each request, and what of it nobody may read anywhere."""

import base64
from urllib.parse import quote

from home.settings import dereference
from ingest.adapters.rest.declaration import Declaration, Sealed, written
from ingest.errors import IngestError


class Credentials:
    """Headers and query parameters, with secrets in the place of references."""

    def __init__(self, sealed: Sealed) -> None:
        self._name, self._known = sealed.name, sealed.secrets
        self._secrets: set[str] = set()
        declaration = sealed.declaration
        self.headers = {name.lower(): self._secret(value) for name, value in declaration.headers.items()}
        self.params = {name: self._secret(written(value)) for name, value in declaration.params.items()}
        self._sign(declaration)
        self._refuse_line_breaks()
        self.headers = {"accept": "application/json", **self.headers}
        self.headers |= {"accept-encoding": "gzip, deflate", "user-agent": "baton"}

    def hidden(self, text: str) -> str:
        """The text without any secret of this interface."""
        for word in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(word, "***")
        return text

    def secret_params(self) -> dict[str, str]:
        """The query parameters that are secret."""
        return {name: value for name, value in self.params.items() if value in self._secrets}

    def _sign(self, declaration: Declaration) -> None:
        auth = declaration.auth
        if auth.bearer is not None:
            self.headers["authorization"] = f"Bearer {self._secret(auth.bearer)}"
        if auth.basic is not None:
            pair = self._secret(auth.basic)
            if auth.user is not None:
                pair = f"{auth.user}:{pair}"
            coded = base64.b64encode(pair.encode()).decode()
            self._secrets |= {coded, pair.partition(":")[2] or pair}
            self.headers["authorization"] = f"Basic {coded}"
        if auth.key is not None and auth.header is not None:
            self.headers[auth.header.lower()] = self._secret(auth.key)
        if auth.key is not None and auth.query is not None:
            self.params[auth.query] = self._secret(auth.key)

    def _refuse_line_breaks(self) -> None:
        for name, value in self.headers.items():
            if any(c in value for c in "\r\n\0") or not value.isascii():
                raise IngestError(
                    f"{self._name}: the secret for the header {name!r} has a line break in it, or letters"
                    " beyond ASCII.",
                    hint="Nothing was sent. Mend the environment variable or the file.",
                )

    def _secret(self, value: str) -> str:
        found = self._known.get(value) or dereference(value)
        if found != value and found:
            self._secrets |= {found, quote(found, safe="")}  # also as an address holds it
        return found
