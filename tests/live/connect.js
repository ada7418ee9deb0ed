// connect.js N: opens N connections to a server of its own, one after the other, each for one byte there and back.
const net = require('net');

const n = Number(process.argv[2]);
const server = net.createServer((socket) => { socket.on('data', (byte) => socket.end(byte)); });

function once(port) {
  return new Promise((resolve) => {
    let got = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write('x'));
    socket.on('data', (data) => { got += data; });
    socket.on('error', () => resolve(0));
    socket.on('close', () => resolve(got === 'x' ? 1 : 0));
  });
}

server.listen(0, '127.0.0.1', async () => {
  let right = 0;
  for (let i = 0; i < n; i++) right += await once(server.address().port);
  console.log(`${right} of ${n}`);
  server.close();
});
