"""Asks a server's /mcp with the official SDK what standard input says, and prints what it answered as JSON."""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def talk(url, token, mode, calls, resources):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=120) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        # The SDK checks each answer against the schema that its tool declares.
        tools = (await client.list_tools()).tools
        answers = []
        for name, arguments in calls:
            result = await client.call_tool(name, arguments)
            text = json.loads(result.content[0].text)
            assert result.is_error or text == result.structured_content, name
            answers.append({"is_error": bool(result.is_error), "answer": text})
        texts = [(await client.read_resource(uri)).contents[0].text for uri in resources]
        return {
            "version": client.protocol_version,
            "server": client.server_info.name,
            "tools": {tool.name: tool.annotations.read_only_hint for tool in tools},
            "answers": answers,
            "listed": [str(each.uri) for each in (await client.list_resources()).resources],
            "resources": [json.loads(text) for text in texts],
        }


print(json.dumps(asyncio.run(talk(**json.load(sys.stdin)))))
