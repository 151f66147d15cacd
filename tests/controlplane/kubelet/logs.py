"""What a kubelet serves: the logs of its containers, to the API server, so that `kubectl logs` and pods/log work."""

import ssl

from aiohttp import web

from tests.controlplane.kubelet.settings import Settings


async def serve(settings: Settings) -> tuple[web.AppRunner, int]:
    """Begin; what ends it, and the port. Only this network namespace can reach it."""

    async def answer(request: web.Request) -> web.Response:
        asked = request.match_info
        files = sorted(settings.folder.glob(f"{asked['namespace']}_{asked['pod']}_*/{asked['container']}.log"))
        lines = files[-1].read_bytes().splitlines(keepends=True) if files else []
        if "tailLines" in request.query:
            lines = lines[-int(request.query["tailLines"]) :]
        whole = b"".join(lines)
        return web.Response(body=whole[: int(request.query.get("limitBytes", len(whole)))], content_type="text/plain")

    app = web.Application()
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.certificate, settings.key)
    site = web.TCPSite(runner, settings.node_address, 0, ssl_context=context)
    await site.start()
    return runner, int(runner.addresses[0][1])
