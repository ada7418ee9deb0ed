// Node's own resolver, c-ares: asks the server at the port that is named, four tries, the first of half a second.
const { Resolver } = require('dns').promises;
const resolver = new Resolver({ timeout: 500, tries: 4 });
const start = Date.now();
resolver.setServers([`127.0.0.1:${process.argv[2]}`]);
resolver.resolve4('shop.test').then(
  (addresses) => console.log('answer', addresses.join()),
  (error) => console.log('answer', error.code),
).then(() => console.log('ms', Date.now() - start));
