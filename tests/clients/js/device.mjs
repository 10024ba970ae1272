// npm openid-client 6: the device grant, by the endpoint that discovery names. The world's app `screen` is a device's.
import * as client from 'openid-client';
import { CALL_LOG, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

const { client_id: id } = world.apps.screen;

function discover() {
  return client.discovery(new URL(baseUrl), id, undefined, client.None(), { execute: [client.allowInsecureRequests] });
}

async function connect(as) {
  const config = await discover();
  const device = await client.initiateDeviceAuthorization(config, { scope: 'ReadCallLog' });
  await visit(device.verification_uri_complete, { as });
  return { config, granted: await client.pollDeviceAuthorizationGrant(config, device) };
}

await report({
  granted: async () => {
    const { config, granted } = await connect('helper');
    const refreshed = await client.refreshTokenGrant(config, granted.refresh_token);
    return { granted: terms(granted), refreshed: terms(refreshed), api: await ask(CALL_LOG, refreshed.access_token) };
  },
});
