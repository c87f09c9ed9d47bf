import { startGuarded } from '../guarded-process.ts';

/*
 * Starts a guarded shell that starts a server, says the server's port, and stays until it is killed.
 */
const server = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
})`;
const guarded = startGuarded('/bin/sh', ['-c', '"$0" -e "$1"; :', process.execPath, server]);
while (!guarded.said().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 10));
process.stdout.write(guarded.said());
