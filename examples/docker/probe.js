'use strict';

// A health check for containers: `node probe.js ready` (or `live`) asks the instance in the same
// container and ends with 0 when the answer is yes.

const http = require('node:http');

const port = process.env.HEALTH_PORT || 9080;
const request = http.get(
  { host: '127.0.0.1', port, path: `/health/${process.argv[2] || 'ready'}`, timeout: 4000 },
  (response) => {
    // Docker keeps what is printed with the state of the container.
    response.pipe(process.stdout);
    process.exitCode = response.statusCode === 200 ? 0 : 1;
  }
);
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error) => {
  console.log(error.message);
  process.exitCode = 1;
});
