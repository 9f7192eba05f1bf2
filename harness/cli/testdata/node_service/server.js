// A shop that knows nothing of Tocsin: Express and prom-client where they are installed, else Node alone.
// Usage: node server.js; prints "PORT VARIANT" when it listens.
'use strict';
const http = require('http');

const buckets = [0.005, 0.05, 0.5, 5];

function withLibraries() {
  const express = require('express');
  const metrics = require('prom-client');
  const requests = new metrics.Counter({
    name: 'http_requests_total', help: 'Requests', labelNames: ['status'],
  });
  const latency = new metrics.Histogram({
    name: 'http_request_duration_seconds', help: 'Latency', buckets,
  });
  metrics.collectDefaultMetrics();
  const app = express();
  app.use(express.json());
  let broken = false;
  app.post('/buy', (request, response) => {
    const end = latency.startTimer();
    response.status(broken ? 500 : 200).json({bought: true});
    requests.inc({status: response.statusCode});
    end();
  });
  app.post('/chaos', (request, response) => { broken = request.body.broken; response.status(204).end(); });
  app.get('/health', (request, response) => response.json({status: 'healthy'}));
  app.get('/metrics', async (request, response) => {
    response.set('Content-Type', metrics.register.contentType);
    response.end(await metrics.register.metrics());
  });
  return {listener: http.createServer(app), variant: 'express+prom-client'};
}

function alone() {
  const counts = {200: 0, 500: 0};
  let broken = false;
  const routes = {
    'POST /buy': (body, answer) => {
      const status = broken ? 500 : 200;
      ++counts[status];
      answer(status, JSON.stringify({bought: true}));
    },
    'POST /chaos': (body, answer) => { broken = JSON.parse(body).broken; answer(204, ''); },
    'GET /health': (body, answer) => answer(200, JSON.stringify({status: 'healthy'})),
    'GET /metrics': (body, answer) => answer(200, '# HELP http_requests_total Requests\n' +
      '# TYPE http_requests_total counter\n' + Object.entries(counts).map(
        ([status, count]) => `http_requests_total{status="${status}"} ${count}\n`).join('')),
  };
  const listener = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      const route = routes[`${request.method} ${request.url}`];
      const answer = (status, text) => { response.statusCode = status; response.end(text); };
      if (route) route(body, answer); else answer(404, '');
    });
  });
  return {listener, variant: 'node'};
}

let service;
try {
  service = withLibraries();
} catch (error) {
  service = alone();
}
service.listener.listen(0, '127.0.0.1', () => {
  console.log(`${service.listener.address().port} ${service.variant}`);
});
