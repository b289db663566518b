"""Resolves the addresses that HTTP steps may reach, without holding up the other runs of the worker."""

import asyncio

import home.addresses
from home.addresses import PrivateAddress
from home.errors import Unreachable
from orchestrate.connectors.port import CallFailed


class Addresses(home.addresses.Addresses):
    """The guard of `home.addresses`, in the words of a connector."""

    async def resolve(self, host: str, port: int) -> str:
        """One address of `host` that may be reached; raises `CallFailed` where there is none."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(None, self.look_up, host, port)
        except Unreachable as error:
            raise CallFailed(error.message) from error
        except PrivateAddress as error:
            raise CallFailed(error.message, retryable=False) from error
