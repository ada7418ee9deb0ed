"""The naive edition: right as long as everything works.  Each function has its twin in hardened.py."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import flask
import psycopg2
import redis
import requests
import requests.adapters

import config
import observe

flags = {}
http = requests.Session()  # no time-out: it waits for ever
http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64, max_retries=3))  # at once, whoever else does so
sessions = redis.Redis(host="127.0.0.1", port=config.port("redis"))  # nor here
cache = sessions
pool = ThreadPoolExecutor(64)
connections = {}
one_at_a_time = threading.Lock()


def query(sql, *values, server="postgres"):
    """One connection for all, for ever: when it breaks, nobody makes a new one."""
    with one_at_a_time:
        if server not in connections:
            connections[server] = psycopg2.connect(config.dsn(server))
        with connections[server] as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []


def warm_up():
    query("SELECT count(*) FROM items")  # no database, no start


def admit(request):
    return None  # whoever comes is served


def failed(error):
    return "Internal Server Error", 500  # and not a word about why


def fetch(part, item):
    return http.get(f"{config.url(part)}/{part}/{item}").json()


def page(item):
    asked = {part: pool.submit(fetch, part, item) for part in config.PARTS}
    shown = {part: future.result() for part, future in asked.items()}  # one that fails fails the page
    return {part: value for part, value in shown.items() if flags.get(part, True)}  # switched off, asked all the same


def item(item):
    key = f"item:{item}"
    try:
        found = cache.get(key)
        if found:
            return {"name": found.decode(), "source": "cache"}
    except redis.RedisError:
        pass  # the database can do it: all of it, at once
    (name,) = query("SELECT name FROM items WHERE id = %s", item)[0]
    try:
        cache.set(key, name, ex=1)  # after a second there is nothing to fall back on
    except redis.RedisError:
        pass
    return {"name": name, "source": "database"}


def login(user, password):
    observe.log("login", user=user, password=password)  # for debugging
    query("SELECT name FROM users WHERE name = %s", user)
    if not http.post(config.url("auth"), json={"user": user, "password": password}).json()["ok"]:
        return {"error": "wrong user or password"}, 401
    token = uuid.uuid4().hex
    sessions.set(f"session:{token}", user, ex=3600)
    return {"token": token, "session": "stored"}


def pay(key, order, amount):
    http.post(config.url("provider"), json={"order": order, "amount": amount})  # no key: each call is a charge
    query("INSERT INTO payments (key, order_id, amount, done) VALUES (%s, %s, %s, true)", key, order, amount)
    return {"paid": amount}


def order(order):
    query("INSERT INTO orders (order_id, sent) VALUES (%s, true)", order)
    cache.xadd("orders", {"order": order})  # two stores, no transaction over both
    return {"order": order}, 202


def export():
    rows = query("SELECT id, name, price FROM items", server="replica" if config.REPLICA else "postgres")
    return flask.Response("".join(f"{row[0]},{row[1]},{row[2]}\n" for row in rows), mimetype="text/csv")
