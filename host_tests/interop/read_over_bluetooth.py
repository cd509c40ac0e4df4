"""Home Assistant's library reads the product over a virtual Bluetooth link, unmodified; prints JSON.

Runs in the Python that has aiobmsble: `read_over_bluetooth.py UPDATES SEED`. Between updates the pack lives on, links
break at random, requests get lost, and each connection has another MTU.
"""

import asyncio
import json
import random
import sys
from collections import Counter

from aiobmsble import BMSConfig
from aiobmsble.utils import bms_identify
from bleak import BleakScanner
from bluetooth import PICO_W
from bumble.link import LocalLink

from boards.sim.board import make_sim
from btlink import timeless
from btlink.bleak_backend import install
from btlink.product import Product
from btlink.virtual import PHONE, make_device

CELL_N = 16


def truth(sim):
    """What the plant is at this moment, in the client's units."""
    plant = sim.plant
    return {
        "cells": list(plant.cell_v),
        "voltage": plant.stack_v,
        "current": plant.current_a,
        "temps": [*plant.temp_c, plant.fet_c],
        "soc": sim.pack.soc.soc_pm / 10,
        "chg": plant.chg_on,
        "dsg": plant.dsg_on,
    }


class Run:
    """One client, one pack; `worst` is the largest difference of each kind."""

    def __init__(self, seed: int):
        self.dice = random.Random(seed)
        self.worst = {}
        self.count = Counter()

    def note(self, kind: str, ours, theirs) -> None:
        self.worst[kind] = max(self.worst.get(kind, 0.0), abs(ours - theirs))

    def compare(self, sample, real) -> None:
        assert len(sample["cell_voltages"]) == CELL_N and len(sample["temp_values"]) == 4
        for ours, theirs in zip(sample["cell_voltages"], real["cells"]):
            self.note("cell_v", ours, theirs)
        for ours, theirs in zip(sample["temp_values"], real["temps"]):
            self.note("temp_c", ours.value, theirs)
        self.note("pack_v", sample["voltage"], real["voltage"])
        self.note("current_a", sample["current"], real["current"])
        self.note("soc", sample["battery_level"], real["soc"])
        same = sample["chrg_mosfet"] == real["chg"] and sample["dischrg_mosfet"] == real["dsg"]
        self.count["updates"] += 1
        self.count["fets differ"] += not same
        self.count["problems"] += bool(sample["problem"])

    def live(self, sim) -> None:
        """A scan or two, with another load now and then."""
        if not self.dice.randrange(10):
            sim.plant.outside.demand(self.dice.choice([0.0, 12.346, -30.001, -79.99, 40.0]))
        for _ in range(self.dice.randrange(1, 4)):
            sim.step()

    async def disturb(self, settings) -> None:
        """The link breaks, comes back with another MTU, and sometimes loses what is said first."""
        if self.dice.randrange(20):
            return
        self.count["disconnects"] += 1
        connection = settings.connection
        settings.mtu = self.dice.choice([23, 24, 48, 100, 185, 247])
        self.count[f"mtu {settings.mtu}"] += 1
        settings.lose_n = self.dice.choice([0, 0, 1])
        await connection.disconnect()

    async def play(self, updates: int) -> dict:
        sim = make_sim(CELL_N, seed=3, soc=0.5)
        sim.run(6)
        link = LocalLink()
        product = await Product.make(link, sim.pack, PICO_W)
        settings = install(await make_device(link, "home", PHONE))
        found = await BleakScanner.discover(timeout=1.0, return_adv=True)
        ((device, advert),) = found.values()
        kind = await bms_identify(advert, device.address)
        async with kind(device, BMSConfig(keep_alive=True)) as bms:
            info = await bms.device_info()
            for _ in range(updates):
                self.live(sim)
                real = truth(sim)
                self.compare(await bms.async_update(), real)
                await self.disturb(settings)
        sound = product.sound()
        await product.close()
        return {
            "identified": kind.__module__,
            "advert": [advert.local_name, advert.service_uuids],
            "info": dict(info),
            "worst": self.worst,
            "count": self.count,
            "lost": settings.lost_n,
            "sound": sound,
            "seconds": asyncio.get_running_loop().time(),
        }


print(json.dumps(timeless.run(Run(int(sys.argv[2])).play(int(sys.argv[1])))))
