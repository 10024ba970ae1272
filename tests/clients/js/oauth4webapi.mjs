// npm oauth4webapi, used directly: the strictest parser of replies among these clients.
import * as oauth from 'oauth4webapi';
import { CALL_LOG, REDIRECT_URI, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };

async function discover(algorithm) {
  const issuer = new URL(baseUrl);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }));
}

async function code(app, algorithm) {
  const server = await discover(algorithm);
  const { client_id, client_secret } = world.apps[app];
  const client = { client_id };
  const proof = client_secret ? oauth.ClientSecretBasic(client_secret) : oauth.None();
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'ReadAccounts ReadCallLog',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const params = oauth.validateAuthResponse(server, client, await visit(url), state);
  const granted = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(server, client, proof, params, REDIRECT_URI, verifier, insecure),
  );
  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, proof, granted.refresh_token, insecure),
  );
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, proof, refreshed.access_token, insecure),
  );
  return { granted: terms(granted), refreshed: terms(refreshed), revoked: await ask(CALL_LOG, refreshed.access_token) };
}

await report({
  oidc_discovery: () => code('web', 'oidc'),
  oauth2_discovery: () => code('web', 'oauth2'),
  public: () => code('spa', 'oauth2'),
});
