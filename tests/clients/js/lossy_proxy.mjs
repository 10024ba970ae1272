// A network that loses replies: passes bytes between a client and the server, and cuts the line where a reply was due.
import net from 'node:net';

/** Listens on a free port; `loseNextReply()` lets one request through and swallows what comes back. */
export async function lossyProxy(target) {
  const { hostname, port } = new URL(target);
  const lost = [];
  let losing = false;

  const server = net.createServer((client) => {
    const upstream = net.connect({ host: hostname, port: Number(port) });
    client.pipe(upstream);
    let held = '';
    upstream.on('data', (part) => {
      if (!losing) return client.write(part);
      held += part;
      const body = bodyOf(held);
      if (body === undefined) return undefined;
      losing = false;
      lost.push(JSON.parse(body));
      client.destroy();
      return upstream.destroy();
    });
    upstream.on('end', () => client.end());
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    loseNextReply: () => {
      losing = true;
    },
    /** The bodies of the replies that never arrived. */
    lost: () => lost,
    close: () => server.close(),
  };
}

/** The body of a reply, once the whole of it has arrived. */
function bodyOf(reply) {
  const [head, body] = reply.split('\r\n\r\n', 2);
  const length = /^content-length: *(\d+)/im.exec(head);
  return length && body?.length === Number(length[1]) ? body : undefined;
}
