"""Our durable turn against ussd-menu-builder on Node, warm, with the same menu: the ratio should be at least 2.

The peer has one menu shared by all and answers from its memory without waiting for anything: it keeps no session and reads no books,
and what it reads may not be asynchronous, or it mixes its callers' answers. It is fetched once from the npm registry into
`HODI_BENCH_PEER` (a folder in the user's cache otherwise).
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import uvloop

from bench import callers
from bench.served import Figure, Server, answering, figure, free_port, serving, skipped
from bench.turn import PHONES, ROUNDS, SECONDS, fill
from bench.turn_served import PATH

NAME, PACKAGE = "turn.sqlite of ussd-menu-builder", "ussd-menu-builder@1.2.0"
SERVER = r"""
const http = require('http'), querystring = require('querystring'), UssdMenu = require('ussd-menu-builder');
const menu = new UssdMenu();
const owed = () => {
  const number = Number(menu.args.phoneNumber.slice(5));
  return [number, `You owe KES ${(number + 1000).toLocaleString('en-US')}.50, due 24 Mar`];
};
const home = { run: () => menu.con(`Mwangaza Power\n${owed()[1]}\n1. Balance\n2. My bill\n3. Pay\n4. Reading\n5. Points\n6. More`),
               next: { '1': 'balance', '6': 'more' } };
menu.startState(home);
menu.state('home', home);
menu.state('balance', { run: () => menu.con(`Account A${owed()[0]}\n${owed()[1]}\n0. Back`), next: { '0': 'home' } });
menu.state('more', { run: () => menu.con('More\n1. Language\n2. Help\n0. Back'), next: { '0': 'home' } });
http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => menu.run(querystring.parse(body), (said) => {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Content-Length', Buffer.byteLength(said));
    response.end(said);
  }));
}).listen(Number(process.argv[2]), '127.0.0.1');
"""


def run() -> list[Figure]:
    """Turns a second of both, in turns."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return [skipped(NAME, "node and npm are not installed")]
    peer = Path(os.environ.get("HODI_BENCH_PEER") or Path.home() / ".cache" / "hodi-bench-peer")
    if not (peer / "node_modules" / "ussd-menu-builder").is_dir():
        peer.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            ["npm", "install", "--prefix", str(peer), "--no-audit", "--no-fund", PACKAGE],
            capture_output=True,
            check=False,
        )
        if fetched.returncode:
            return [skipped(NAME, f"npm could not fetch {PACKAGE}")]
    (peer / "server.js").write_text(SERVER, "utf-8")
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        return uvloop.run(_measure(Path(folder), peer))


async def _measure(folder: Path, peer: Path) -> list[Figure]:
    url, port = f"sqlite+aiosqlite:///{folder / 'bench.db'}", free_port()
    await fill(url)
    node = Server(port, await asyncio.create_subprocess_exec("node", "server.js", str(port), cwd=peer))
    try:
        await answering(port)
        async with serving({"ours": ["turn", url, str(folder / "sessions.db"), "-"]}) as servers:
            return await _rounds(servers["ours"], node)
    finally:
        node.process.kill()
        await node.process.wait()


async def _rounds(ours: Server, peer: Server) -> list[Figure]:
    heard: dict[int, list[callers.Heard]] = {ours.port: [], peer.port: []}
    for round_ in range(ROUNDS + 1):
        for server in (peer, ours):
            before = server.cpu_seconds()
            one = await callers.call(server.port, PATH, SECONDS, PHONES, check=True)
            one.cpu_seconds = server.cpu_seconds() - before
            if one.wrong:
                raise RuntimeError(f"{one.wrong} wrong answers")
            if round_:  # the first warms
                heard[server.port].append(one)
    rate = {port: statistics.median(one.turns for one in rounds) / SECONDS for port, rounds in heard.items()}
    cost = {port: statistics.median(one.cpu_us() for one in rounds) for port, rounds in heard.items()}
    pairs = [mine.turns / theirs.turns for mine, theirs in zip(heard[ours.port], heard[peer.port], strict=True)]
    return [
        figure(NAME, rate[ours.port], "turns/s", rate[peer.port], statistics.median(pairs), ours.peak_mb()),
        figure(
            f"{NAME}, cpu", cost[ours.port], "us", cost[peer.port], cost[peer.port] / cost[ours.port], ours.peak_mb()
        ),
    ]
