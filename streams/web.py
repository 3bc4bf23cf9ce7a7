"""/metrics, /health and /ready, on loopback unless told otherwise."""

from __future__ import annotations

from typing import Self

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from config.errors import StreakwatchError
from config.settings import Metrics as MetricsSettings
from streams.runtime import Runtime


class MetricsServer:
    """An HTTP server for one worker; an async context manager."""

    def __init__(self, runtime: Runtime, settings: MetricsSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self.url = ""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            StreakwatchError: the port is in use, or the address is not this machine's.
        """
        host, port = self._settings.host, self._settings.port
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise StreakwatchError(
                f"metrics cannot listen on {host}:{port} ({error.strerror})",
                "set metrics.port in the configuration (0 picks a free one)",
            ) from None
        bound = self._runner.addresses[0]
        self.url = f"http://{bound[0]}:{bound[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        self._runtime.metrics.ready.set(self._runtime.ready)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = encode(self._runtime.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _health(self, _: web.Request) -> web.Response:
        crashed = self._runtime.app.crashed
        return web.json_response({"alive": not crashed}, status=500 if crashed else 200)

    async def _ready(self, _: web.Request) -> web.Response:
        ready = self._runtime.ready
        lag = {
            f"{runner.name}/{lane.place}": lane.lag
            for runner in self._runtime.runners.values()
            for lane in runner.lanes.values()
        }
        body = {"ready": ready, "assigned": self._runtime.assigned, "lag": lag}
        return web.json_response(body, status=200 if ready else 503)
