// stream.js SLOW SILENT: what Node's http agent sees of a server that is 400 ms away and of one that is silent, until
// both are normal again; a line `KEY VALUE` each, times in milliseconds.
const http = require('http');

const [slow, silent] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
const now = () => Math.round(performance.now());

function ask(port, timeout) {
  return new Promise((resolve) => {
    const started = now();
    let timedOut = false;
    const done = (what) => resolve({ what, ms: now() - started });
    // The option counts from the making of the socket; request.setTimeout() only from the end of connecting.
    const request = http.get({ port, host: '127.0.0.1', path: '/', agent, timeout }, (answer) => {
      answer.resume();
      answer.on('end', () => done(answer.statusCode));
      answer.on('error', () => done('broken'));
    });
    request.on('timeout', () => { timedOut = true; request.destroy(); });
    request.on('error', (error) => done(timedOut ? 'timeout' : error.code));
  });
}

async function main() {
  let stall = 0;
  let last = now();
  const ticker = setInterval(() => { stall = Math.max(stall, now() - last); last = now(); }, 5);
  const patient = ask(silent);
  const quiet = ask(silent, 300);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(slow)));
  console.log(`right ${answers.filter((a) => a.what === 200).length} of 10`);
  console.log(`first ${Math.min(...answers.map((a) => a.ms))}`);
  console.log(`again ${(await ask(slow)).ms}`);
  console.log(`stall ${stall}`);
  clearInterval(ticker);
  const impatient = await ask(slow, 150);
  console.log(`impatient ${impatient.what}\nimpatient_ms ${impatient.ms}`);
  console.log(`silent ${(await quiet).what}\nsilent_ms ${(await quiet).ms}`);
  console.log(`patient ${(await patient).what}`);
  for (let i = 0; i < 100; i++) {
    const [a, b] = await Promise.all([ask(slow, 5000), ask(silent, 5000)]);
    if (a.what === 200 && b.what === 200 && Math.max(a.ms, b.ms) < 300) {
      console.log(`lifted ${Math.max(a.ms, b.ms)}`);
      break;
    }
  }
  agent.destroy();
}

main();
