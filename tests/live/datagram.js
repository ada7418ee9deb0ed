// Node's dgram: asks five questions at once, over a socket that is connected and one that is not, while a timer goes on.
const dgram = require('dgram');
const port = Number(process.argv[2]), patience = Number(process.argv[3]);
let stall = 0, before = Date.now();
const ticking = setInterval(() => {
  stall = Math.max(stall, Date.now() - before - 10);
  before = Date.now();
}, 10);

function ask(name, socket, send) {
  return new Promise((resolve) => {
    const answers = [], start = Date.now();
    let first;
    socket.on('message', (message) => {
      first = first ?? Date.now() - start;
      answers.push(message.toString());
    });
    for (let i = 0; i < 5; i++) send(String(i));
    setTimeout(() => {
      console.log(name, answers.join(' '));
      console.log(`${name}_first`, first ?? 'none');
      socket.close();
      resolve();
    }, patience);
  });
}

async function main() {
  const apart = dgram.createSocket('udp4');
  await ask('apart', apart, (text) => apart.send(text, port, '127.0.0.1'));
  const connected = dgram.createSocket('udp4');
  await new Promise((resolve) => connected.connect(port, '127.0.0.1', resolve));
  await ask('connected', connected, (text) => connected.send(text));
  clearInterval(ticking);
  console.log('stall', stall);
}
main();
