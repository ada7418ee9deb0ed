// serve.js N: an HTTP server asks itself N times, ten at a time: "shim" or "no shim", and how many answers were right.
const http = require('http');
const fs = require('fs');

const n = Number(process.argv[2]);
const body = 'x'.repeat(100000);
const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
const server = http.createServer((request, response) => response.end(request.url + body));

function ask(port, i) {
  return new Promise((resolve) => {
    http.get({ port, host: '127.0.0.1', path: `/${i}`, agent }, (response) => {
      let text = '';
      response.on('data', (piece) => { text += piece; });
      response.on('end', () => resolve(text === `/${i}${body}`));
    }).on('error', () => resolve(false));
  });
}

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const answers = await Promise.all(Array.from({ length: n }, (_, i) => ask(port, i)));
  const shim = fs.readFileSync('/proc/self/maps', 'utf8').includes('/libchaosctl.so') ? 'shim' : 'no shim';
  console.log(`${shim} ${answers.filter(Boolean).length} of ${n}`);
  agent.destroy();
  server.close();
});
