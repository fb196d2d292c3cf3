"""A WebSocket server made by others: Debian's python3-websockets. The path says what it does.

usage: websockets_server.py CERTIFICATE KEY    prints "listening PORT"; ends with its standard input
or a signal.
"""

import asyncio
import ssl
import sys

import websockets

closes = {}  # path → the code the client closed with


async def kinds(socket):
    await socket.send("Gr\u00fc\u00dfe, \u4e16\u754c")
    await socket.send(bytes(range(256)))
    await socket.send("")
    await socket.send("x" * 70_000)


async def fragments(socket):
    await socket.send(["first ", "second ", "", "third"])
    await socket.send([b"\x00" * 300, b"\xff" * 300])


async def pings(socket):
    for number in range(5):
        await asyncio.wait_for(await socket.ping(f"ping {number}"), 20)
        await socket.send(f"answered {number}")


async def farewell(socket):
    await socket.send("before the end")
    await socket.close(4001, "gone elsewhere")


async def large(socket):  # for a client that takes 1000 bytes
    await socket.send("x" * 1000)
    await socket.send("y" * 1001)


async def report(socket):
    while "/large" not in closes:
        await asyncio.sleep(0.01)
    await socket.send(str(closes["/large"]))


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def handle(socket):
    acts = {
        "/kinds": kinds,
        "/fragments": fragments,
        "/pings": pings,
        "/farewell": farewell,
        "/large": large,
        "/report": report,
        "/echo": echo,
    }
    try:
        await acts[socket.path](socket)
        await socket.wait_closed()
    except websockets.ConnectionClosed:
        pass
    closes[socket.path] = socket.close_code


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    async with websockets.serve(
        handle, "127.0.0.1", 0, ssl=context, max_size=1000, compression="deflate"
    ) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
