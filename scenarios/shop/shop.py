"""The shop: what can be asked for.  How it is answered is in naive.py or hardened.py, which have the same functions.

    GET  /page/ID      the product page, put together from five services
    GET  /item/ID      a product: PostgreSQL behind Redis
    POST /login        {"user", "password"}
    POST /pay          {"order", "amount"}, and the header Idempotency-Key
    POST /orders       {"order"}: to be packed by worker.py
    GET  /export       all products as CSV
    PUT  /flags/NAME   {"enabled"}: switch a dependency off, or on again
    GET  /healthz, /metrics
"""
import importlib
import os
import time
import uuid

import flask
import prometheus_client

import config
import observe

app = flask.Flask(__name__)
edition = importlib.import_module(config.EDITION)
if os.environ.get("SHOP_WARM_UP"):
    edition.warm_up()


@app.before_request
def begin():
    flask.g.started = time.monotonic()
    observe.request_id.set(flask.request.headers.get("X-Request-Id") or uuid.uuid4().hex[:12])
    return edition.admit(flask.request)


@app.after_request
def end(response):
    route = flask.request.url_rule.rule if flask.request.url_rule else "none"
    took = time.monotonic() - flask.g.started
    observe.requests.labels(route, response.status_code).inc()
    observe.seconds.labels(route).observe(took)
    observe.log("request", method=flask.request.method, path=flask.request.path, status=response.status_code,
                ms=round(1000 * took, 1))
    response.headers["X-Request-Id"] = observe.request_id.get()
    return response


@app.get("/page/<int:item>")
def page(item):
    return edition.page(item)


@app.get("/item/<int:item>")
def item(item):
    return edition.item(item)


@app.post("/login")
def login():
    return edition.login(**flask.request.get_json())


@app.post("/pay")
def pay():
    return edition.pay(flask.request.headers.get("Idempotency-Key"), **flask.request.get_json())


@app.post("/orders")
def order():
    return edition.order(**flask.request.get_json())


@app.get("/export")
def export():
    return edition.export()


@app.put("/flags/<name>")
def flag(name):
    edition.flags[name] = flask.request.get_json()["enabled"]
    observe.log("flag", name=name, enabled=edition.flags[name])
    return "", 204


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


@app.get("/metrics")
def metrics():
    return flask.Response(prometheus_client.generate_latest(), mimetype="text/plain")


@app.errorhandler(Exception)
def failed(error):
    if isinstance(error, flask.app.HTTPException):
        return error
    return edition.failed(error)
