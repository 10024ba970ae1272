// Preloaded before every client: like tests/conftest.py for Python, it holds Node to this machine.
import net from 'node:net';

const connect = net.Socket.prototype.connect;
const OURS = new Set(['localhost', '127.0.0.1', '::1', undefined]);

net.Socket.prototype.connect = function (...args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args; // (options), (port, host), or what net.connect made
  const host = typeof first === 'object' ? first.host : typeof second === 'string' ? second : undefined;
  if (!OURS.has(host)) throw new Error(`tests speak to loopback only, not to ${host}`);
  return connect.apply(this, args);
};
