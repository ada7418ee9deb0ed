// proxy_node.js URL REDIS-PORT: what toxiproxy-node-client does with a Toxiproxy, done with chaosctl proxy.  A line of TAP each.
// proxy_node.js count: how many there are.
"use strict";
const assert = require("assert");
const net = require("net");

const tests = [];
const test = (name, run) => tests.push([name, run]);
const [url, redis] = process.argv.slice(2);
let toxiproxy, client;

// A PING, as redis-cli would send it, and how long its answer takes; rejected with the socket's error, or "end".
function ping(proxy) {
    const [host, port] = proxy.listen.match(/^(.*):(\d+)$/).slice(1);
    const begun = process.hrtime.bigint();
    return new Promise((resolve, reject) => {
        const socket = net.connect({ host: host.replace(/[[\]]/g, ""), port: Number(port) }, () => socket.write("PING\r\n"));
        socket.setTimeout(20000, () => socket.destroy(new Error("no answer")));
        socket.once("data", (data) => {
            socket.destroy();
            assert.strictEqual(data.toString(), "+PONG\r\n");
            resolve(Number(process.hrtime.bigint() - begun) / 1e6);
        });
        socket.once("error", reject);
        socket.once("end", () => reject(new Error("end")));
    });
}

const create = (name) => toxiproxy.createProxy({ name, listen: "localhost:0", upstream: `localhost:${redis}` });

async function with_proxy(run) {
    const proxy = await create("redis");
    try {
        await run(proxy);
    } finally {
        await (await toxiproxy.get("redis")).remove();
    }
}

test("the version is told", async () => {
    assert.match(JSON.parse(await toxiproxy.getVersion()).version, /^2\.12\./);
});

test("a proxy is created, and Redis answers through it", () => with_proxy(async (proxy) => {
    assert.strictEqual(proxy.name, "redis");
    assert.strictEqual(proxy.enabled, true);
    assert.match(proxy.listen, /:[1-9]\d*$/);
    await ping(proxy);
}));

test("one that is there already is refused", () => with_proxy(async () => {
    await assert.rejects(create("redis"), /409/);
}));

test("it is got by its name", () => with_proxy(async (proxy) => {
    assert.deepStrictEqual((await toxiproxy.get("redis")).toJson(), proxy.toJson());
}));

test("one that is not there is not", async () => {
    await assert.rejects(toxiproxy.get("nobody"), /404/);
});

test("disabled it refuses connections, and enabled again it does not", () => with_proxy(async (proxy) => {
    const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    assert.strictEqual(off.enabled, false);
    await assert.rejects(ping(proxy), { code: "ECONNREFUSED" });
    const on = await proxy.update({ enabled: true, listen: proxy.listen, upstream: proxy.upstream });
    assert.strictEqual(on.listen, proxy.listen);
    await ping(on);
}));

test("removed it is gone", async () => {
    const proxy = await create("redis");
    await proxy.remove();
    await assert.rejects(toxiproxy.get("redis"), /404/);
    await assert.rejects(ping(proxy), { code: "ECONNREFUSED" });
});

test("its example: bandwidth, by default downstream and for all", () => with_proxy(async (proxy) => {
    const toxic = await proxy.addToxic({ type: "bandwidth", attributes: { rate: 1000 } });
    assert.deepStrictEqual(toxic.toJson(), {
        attributes: { rate: 1000 }, name: "bandwidth_downstream", stream: "downstream", toxicity: 1, type: "bandwidth",
    });
    await ping(proxy);
}));

test("latency is added, got, changed and removed", () => with_proxy(async (proxy) => {
    const body = { type: "latency", name: "slow", stream: "downstream", toxicity: 1, attributes: { latency: 300, jitter: 0 } };
    const toxic = await proxy.addToxic(body);
    assert.ok(await ping(proxy) >= 300);
    assert.deepStrictEqual((await proxy.getToxic("slow")).toJson(), body);
    const changed = await toxic.update({ ...body, attributes: { latency: 50, jitter: 0 } });
    assert.strictEqual(changed.attributes.latency, 50);
    assert.ok(await ping(proxy) >= 50);
    await changed.remove();
    await assert.rejects(proxy.getToxic("slow"), /404/);
    await ping(proxy);
}));

test("a toxic of each kind is taken with its attributes", () => with_proxy(async (proxy) => {
    const kinds = {
        latency: { latency: 1, jitter: 1 },
        bandwidth: { rate: 1000 },
        slow_close: { delay: 1 },
        timeout: { timeout: 100000 },
        reset_peer: { timeout: 100000 },
        slicer: { average_size: 100, size_variation: 10, delay: 10 },
        limit_data: { bytes: 1000000 },
    };
    for (const [type, attributes] of Object.entries(kinds)) {
        const toxic = await proxy.addToxic({ type, name: type, stream: "upstream", toxicity: 0.5, attributes });
        assert.deepStrictEqual(toxic.toJson(), { type, name: type, stream: "upstream", toxicity: 0.5, attributes });
    }
    await assert.rejects(proxy.addToxic({ type: "down", attributes: {} }), /400/);
}));

test("timeout ends the connection", () => with_proxy(async (proxy) => {
    await proxy.addToxic({ type: "timeout", attributes: { timeout: 100 } });
    await assert.rejects(ping(proxy), /end/);
}));

test("reset_peer resets it", () => with_proxy(async (proxy) => {
    await proxy.addToxic({ type: "reset_peer", attributes: { timeout: 0 } });
    await assert.rejects(ping(proxy), { code: "ECONNRESET" });
}));

test("slicer leaves the answer as it was", () => with_proxy(async (proxy) => {
    await proxy.addToxic({ type: "slicer", stream: "upstream", attributes: { average_size: 1, size_variation: 0, delay: 1000 } });
    await ping(proxy);
}));

test("reset enables all, and removes the toxics", () => with_proxy(async (proxy) => {
    await proxy.addToxic({ type: "latency", attributes: { latency: 10000 } });
    await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    await toxiproxy.reset();
    await assert.rejects(proxy.getToxic("latency_downstream"), /404/);
    await ping(await toxiproxy.get("redis"));
}));

test("populate makes several, and is safe to repeat", async () => {
    const bodies = ["one", "two"].map((name) => ({ name, listen: "127.0.0.1:0", upstream: `localhost:${redis}` }));
    const first = await toxiproxy.populate(bodies);
    assert.deepStrictEqual(Object.keys(first).sort(), ["one", "two"]);
    await first.one.addToxic({ type: "latency", attributes: { latency: 1 } });
    const again = await toxiproxy.populate(Object.values(first).map((p) => p.toJson()));
    assert.strictEqual(again.one.listen, first.one.listen);
    await again.one.getToxic("latency_downstream");
    const all = await toxiproxy.getAll();
    assert.deepStrictEqual(Object.keys(all).sort(), ["one", "two"]);
    await Promise.all(Object.values(all).map(ping));
    await Promise.all(Object.values(all).map((p) => p.remove()));
    assert.deepStrictEqual(await toxiproxy.getAll(), {});
});

async function main() {
    client = require("toxiproxy-node-client");
    toxiproxy = new client.Toxiproxy(url);
    for (let i = 0; i < tests.length; i++) {
        try {
            await tests[i][1]();
            console.log(`ok ${i + 1} - ${tests[i][0]}`);
        } catch (error) {
            console.log(`not ok ${i + 1} - ${tests[i][0]}\n# ${String(error.stack).replace(/\n/g, "\n# ")}`);
        }
    }
}

if (url === "count")
    console.log(tests.length);
else
    main();
