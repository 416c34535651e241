// A Node service that tells who it is, a line each, and keeps a log where pm2 does: below $HOME.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

const port = Number(process.env.PORT);
const logs = path.join(process.env.HOME, '.pm2', 'logs');
// EACCES here is how the story begins.
fs.mkdirSync(logs, { recursive: true });
const log = path.join(logs, `site-${port}.log`);
fs.writeFileSync(log, `listening on ${port}\n`);

const told = {
  pid: process.pid,
  uids: [process.getuid(), process.geteuid()],
  gids: [process.getgid(), process.getegid()],
  groups: process.getgroups(),
  HOME: process.env.HOME,
  USER: process.env.USER,
  LOGNAME: process.env.LOGNAME,
  SHELL: process.env.SHELL,
  folder: process.cwd(),
  log,
};

http
  .createServer((request, response) => {
    for (const [name, value] of Object.entries(told)) {
      response.write(`${name} ${[].concat(value).join(' ')}\n`);
    }
    response.end();
  })
  .listen(port, '127.0.0.1');
