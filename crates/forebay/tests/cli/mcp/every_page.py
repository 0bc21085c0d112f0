"""Reads all records of an entity type, page by page, with the official SDK. Prints their number and that of the pages."""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    server = StdioServerParameters(command=sys.argv[1], args=["mcp"], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        keys, num_pages, cursor = set(), 0, None
        while num_pages == 0 or cursor is not None:
            arguments = {"entity": sys.argv[2], "limit": 50, "cursor": cursor}
            result = await session.call_tool("ensure_data", arguments)
            # The SDK checks it against the schema of the tool's answer.
            page = (getattr(result, "structuredContent", None) or result.structured_content)["records"]
            keys.update(item["record_key"] for item in page["items"])
            num_pages, cursor = num_pages + 1, page["next"]
        print(len(keys), num_pages)


asyncio.run(main())
