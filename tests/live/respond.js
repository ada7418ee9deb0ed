// respond.js PORT: what Node's http agent sees of a server that is answered for; a line `KEY VALUE` each.
const http = require('http');

const port = Number(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, path, body) {
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', path, agent, method, timeout: 20000 }, (answer) => {
      let text = '';
      answer.on('data', (some) => { text += some; });
      answer.on('end', () => resolve({ status: answer.statusCode, text, reused: request.reusedSocket }));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', (error) => resolve({ status: error.code }));
    request.end(body);
  });
}

async function main() {
  const seen = [];
  for (let i = 0; i < 5; i++) seen.push(await ask('GET', '/page'));
  console.log('get', seen.map((one) => one.status).join(' '));
  console.log('body', seen[4].text);
  console.log('reused', seen[4].reused);
  console.log('post', (await ask('POST', '/page', 'x'.repeat(500000))).status);
  console.log('head', (await ask('HEAD', '/page')).status);
  const many = await Promise.all(Array.from({ length: 50 }, () => ask('GET', '/page')));
  console.log('many', many.filter((one) => one.status === 503).length);
  agent.destroy();
}

main();
