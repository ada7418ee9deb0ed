"""Which edition this is, and where everything listens: all ports begin with the digits of PORTS."""
import os

EDITION = os.environ.get("SHOP_EDITION", "hardened")
HARDENED = EDITION == "hardened"
PORTS = os.environ.get("PORTS", "180")
NAME = os.environ.get("SHOP_NAME", "shop")  # or shop2, shop3: its replicas

PARTS = ["catalog", "price", "stock", "reviews", "recs"]  # what a page is put together from

_LAST_DIGITS = {
    "front": "00", "shop": "01", "shop2": "02", "shop3": "03",
    "redis": "10", "postgres": "11", "replica": "12",
    "auth": "20", "provider": "21",
    "catalog": "30", "price": "31", "stock": "32", "reviews": "33", "recs": "34",
}


def port(name):
    return int(PORTS + _LAST_DIGITS[name])


def url(name):
    return f"http://127.0.0.1:{port(name)}"


def dsn(name):
    return f"host=127.0.0.1 port={port(name)} user=shop dbname=postgres"


# What not every scenario starts.
REPLICA = bool(os.environ.get("SHOP_REPLICA"))
QUEUE = bool(os.environ.get("SHOP_QUEUE"))
