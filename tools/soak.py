#!/usr/bin/env python3
"""A night in the demo: the real programs, a market at speed 10, and every minute of that market a
connection that is cut, reset, closed or left half open. At the end memory must be flat and both
books must agree.

    tools/soak.py [--minutes 12] [--build build/release] [--seed N] [--json]

12 minutes are 2 hours of market. Exit codes: 0 held, 1 did not, 69 a program did not start.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from decimal import Decimal

SPEED = 10
SYMBOLS = ("BTCUSDT ETHUSDT SOLUSDT XRPUSDT BNBUSDT DOGEUSDT ASTERUSDT HYPEUSDT FARTCOINUSDT "
           "PUMPUSDT").split()
# All that lives long is taken at start: rings, tables, the database's pages, the events' backlog.
# What is left: TLS sessions that happen to be open (some 50 KiB each; a few more while streams
# have successors), and read buffers that an answer longer than any before touches first.
GROWTH_MAX_KIB = 2 * 1024


def ask(url, body=None):
    data = None if body is None else body.encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
        return json.load(answer, parse_float=Decimal)


def wait_for(log, mark, seconds=60):
    """The rest of the line after `mark`, once the log has it whole."""
    for _ in range(seconds * 10):
        text = open(log, encoding="utf-8").read() if os.path.exists(log) else ""
        if mark in text and "\n" in text.split(mark, 1)[1]:
            return text.split(mark, 1)[1].split("\n", 1)[0].strip()
        time.sleep(0.1)
    print(f"soak: {log} never said \"{mark}\"", file=sys.stderr)
    sys.exit(69)


def settings(folder, port):
    symbol = {"volume_threshold_long": 20000, "volume_threshold_short": 20000, "leverage": 10,
              "margin_type": "CROSSED", "trade_side": "OPPOSITE", "trade_value_usdt": 10,
              "max_position_usdt": 100, "price_offset_pct": 0.05, "take_profit_enabled": True,
              "take_profit_pct": 1, "stop_loss_enabled": True, "stop_loss_pct": 3,
              "working_type": "MARK_PRICE"}
    return {
        "globals": {"simulate_only": False, "volume_window_sec": 60, "use_usdt_volume": True,
                    "hedge_mode": True, "max_total_exposure_usdt": 2000,
                    "tranche_pnl_increment_pct": 1, "max_tranches_per_symbol_side": 4,
                    "order_ttl_seconds": 5, "time_in_force": "GTC"},
        "symbols": {name: symbol for name in SYMBOLS},
        "exchange": {"rest_url": f"https://localhost:{port}",
                     "stream_url": f"wss://localhost:{port}", "ca_file": f"{folder}/exchange.pem"},
        "storage": {"database": f"{folder}/tranche.db",
                    "journal": f"/dev/shm/{os.path.basename(folder)}.journal"},
        "status": {"listen": "127.0.0.1:0"},
        "pipeline": {"threads": [
            {"name": "hot", "wait": "park", "stages": ["receive", "parse", "engine", "gateway"]},
            {"name": "cold", "wait": "park", "stages": ["writer", "status"]}]},
    }


def memory_kib(pid, kind):
    """RssAnon is what the program asked for; RssShmem is the journal, a ring that fills once."""
    for line in open(f"/proc/{pid}/status", encoding="ascii"):
        if line.startswith(kind + ":"):
            return int(line.split()[1])
    return 0


def differences(page, control):
    """Every difference between the engine's books and the exchange's; empty when they agree."""
    found = []
    ledger = ask(control + "/sim/ledger")
    theirs, ours, bare = {}, {}, 0
    for row in ledger["positions"]:
        key = f"{row['symbol']} {row['positionSide']}"
        theirs[key] = theirs.get(key, 0) + abs(Decimal(row["quantity"]))
    for row in ask(page + "/api/tranches"):
        quantity = abs(Decimal(row["quantity"]))
        if quantity == 0:
            continue
        key = f"{row['symbol']} {row['side']}"
        ours[key] = ours.get(key, 0) + quantity
        bare += row["state"] != "protected"
    if ours != theirs:
        found.append(f"positions: ours {ours}, theirs {theirs}")
    if bare:
        found.append(f"{bare} tranches are not protected")
    our_orders = {row["client_order_id"] for row in ask(page + "/api/orders")}
    their_orders = {row["clientOrderId"] for row in ledger["open_orders"]}
    if our_orders != their_orders:
        found.append(f"open orders: only ours {sorted(our_orders - their_orders)}, only theirs "
                     f"{sorted(their_orders - our_orders)}")
    if ledger["orders_by_client_id_max"] > 1 or ledger["duplicates"] > 0:
        found.append("an order was sent twice")
    return found


def settled(page, control, seconds=60):
    """Waits until both books agree; the last differences otherwise."""
    found = ["nothing was read"]
    for _ in range(seconds * 2):
        found = differences(page, control)
        if not found:
            return []
        time.sleep(0.5)
    return found


def disturb(control, chance):
    """One disconnect of one market minute."""
    how = chance.choice(["cut", "reset", "close", "half_open"])
    which = chance.choice(["market", "user", "rest", "market", "user", "all"])
    count = chance.choice([1, 1, 2, 100])
    ask(control + "/sim/connections", f"do={how}&which={which}&count={count}")


def play(arguments, engine, page, control):
    chance = random.Random(arguments.seed)
    begin = time.monotonic()
    end = begin + arguments.minutes * 60
    figures = {"disconnects": 0, "anonymous_kib": [], "out_of_trading_s": 0.0}
    next_disturbance = begin + 20
    while time.monotonic() < end and engine.poll() is None:
        time.sleep(1)
        now = time.monotonic()
        if now >= next_disturbance:
            next_disturbance = now + 60 / SPEED
            disturb(control, chance)
            figures["disconnects"] += 1
        figures["anonymous_kib"].append(memory_kib(engine.pid, "RssAnon"))
        figures["rss_end_kib"] = memory_kib(engine.pid, "VmRSS")
        figures["out_of_trading_s"] += ask(page + "/api/overview")["mode"] != "trading"
    return figures


def run(arguments, folder):
    build = os.path.abspath(arguments.build)
    logs = {name: open(f"{folder}/{name}.log", "wb") for name in ("exchange", "tranche")}
    exchange = subprocess.Popen(
        [f"{build}/tranche-exchange", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
         "--cert-out", f"{folder}/exchange.pem", "--seed", str(arguments.seed), "--speed",
         str(SPEED), "--balance", "5000"], stdout=logs["exchange"], stderr=subprocess.STDOUT)
    engine = None
    try:
        control = wait_for(f"{folder}/exchange.log", "control on ")
        port = wait_for(f"{folder}/exchange.log", "listening on ").rsplit(":", 1)[1]
        with open(f"{folder}/settings.json", "w", encoding="utf-8") as out:
            json.dump(settings(folder, port), out)
        with open(f"{folder}/signer_key", "w", encoding="ascii") as out:
            out.write("".join(f"{i * 7 % 256:02x}" for i in range(1, 33)) + "\n")
        os.chmod(f"{folder}/signer_key", 0o600)
        engine = subprocess.Popen(
            [f"{build}/tranche", "run", "--settings", f"{folder}/settings.json"],
            env={**os.environ, "TRANCHE_SIGNER_KEY_FILE": f"{folder}/signer_key",
                 "TRANCHE_USER": "0x00000000000000000000000000000000000a11ce"},
            stdout=logs["tranche"], stderr=subprocess.STDOUT)
        page = wait_for(f"{folder}/tranche.log", "status page url=").rstrip("/")
        figures = play(arguments, engine, page, control)
        if engine.poll() is not None:
            return {**figures, "problems": [f"the engine ended with {engine.returncode}"]}
        ask(control + "/sim/pause_market", "")
        figures["problems"] = settled(page, control)
        funnel = ask(page + "/api/overview")["funnel"]
        for name in ("triggers", "orders_sent", "orders_unknown", "fills", "tranches_opened",
                     "tranches_closed", "open_tranches", "unprotected_max_ms"):
            figures[name] = funnel[name]
        engine.send_signal(signal.SIGTERM)
        if engine.wait(30) != 0:
            figures["problems"].append(f"the engine ended with {engine.returncode}")
        return figures
    finally:
        for child in (engine, exchange):
            if child is not None and child.poll() is None:
                child.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="logs and database stay")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="tranche-soak-")
    try:
        figures = run(arguments, folder)
    except (urllib.error.URLError, OSError) as error:
        figures = {"anonymous_kib": [], "problems": [f"a program does not answer: {error}"]}
    samples = figures.pop("anonymous_kib")
    if samples:
        # The first quarter opens every connection and sees each kind of answer.
        quarters = [samples[(len(samples) - 1) * part // 4] for part in range(5)]
        figures["anonymous_kib"] = quarters
        if quarters[4] - quarters[1] > GROWTH_MAX_KIB:
            figures["problems"].append(
                f"memory grew by {quarters[4] - quarters[1]} KiB when warm")
    good = not figures["problems"]
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<20} {value}")
        print("held" if good else "DID NOT HOLD")
    if arguments.keep or not good:
        print(f"logs are in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    journal = f"/dev/shm/{os.path.basename(folder)}.journal"
    if os.path.exists(journal):
        os.remove(journal)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
