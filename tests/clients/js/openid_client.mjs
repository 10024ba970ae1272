// npm openid-client 6: OpenID Connect and OAuth 2.0 discovery, code + PKCE with state, nonce and iss, and all that follows.
import * as client from 'openid-client';
import { APP, CALL_LOG, REDIRECT_URI, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

const MAX_AGE_S = 600;
const SCOPE = 'openid email profile ReadAccounts ReadCallLog';

function discover(app, { algorithm = 'oidc', authentication = client.ClientSecretBasic } = {}) {
  const { client_id: id, client_secret: secret } = world.apps[app];
  const proof = secret ? authentication(secret) : client.None();
  return client.discovery(new URL(baseUrl), id, undefined, proof, { algorithm, execute: [client.allowInsecureRequests] });
}

async function logIn(config, { scope = SCOPE, nonce = client.randomNonce() } = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope,
    state,
    ...(nonce && { nonce, max_age: String(MAX_AGE_S) }),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const back = await visit(url);
  return client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(nonce && { expectedNonce: nonce, idTokenExpected: true, maxAge: MAX_AGE_S }), // demands auth_time
  });
}

async function live(config, granted) {
  const claims = granted.claims();
  const person = await client.fetchUserInfo(config, granted.access_token, claims.sub);
  const refreshed = await client.refreshTokenGrant(config, granted.refresh_token);
  await client.tokenRevocation(config, refreshed.refresh_token, { token_type_hint: 'refresh_token' });
  return {
    granted: terms(granted),
    claims: { iss: claims.iss === baseUrl, aud: claims.aud === config.clientMetadata().client_id, sub: claims.sub },
    person: { email: person.email, named: Boolean(person.given_name && person.family_name) },
    refreshed: terms(refreshed),
    revoked: await ask(CALL_LOG, refreshed.access_token),
  };
}

async function oidc(app) {
  const config = await discover(app);
  client.enableNonRepudiationChecks(config); // verify the ID token's signature by the JWKS
  return live(config, await logIn(config));
}

async function serviceToken(authentication) {
  const config = await discover('service', { authentication });
  const granted = await client.clientCredentialsGrant(config);
  const api = await ask(CALL_LOG, granted.access_token);
  await client.tokenRevocation(config, granted.access_token);
  return { granted: terms(granted), api, revoked: await ask(CALL_LOG, granted.access_token) };
}

await report({
  oidc: () => oidc('web'),
  oidc_public: () => oidc('spa'),
  oauth2: async () => {
    const config = await discover('web', { algorithm: 'oauth2' });
    const granted = await logIn(config, { scope: 'ReadCallLog', nonce: null });
    const api = await ask(CALL_LOG, granted.access_token);
    await client.tokenRevocation(config, granted.access_token);
    return { granted: terms(granted), api };
  },
  sign_out: async () => {
    const config = await discover('web');
    const { id_token: hint } = await logIn(config);
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: `${APP}/signed-out`, state: 'bye' };
    return { back: String(await visit(client.buildEndSessionUrl(config, parameters))) };
  },
  metadata: async () => {
    const metadata = (await discover('web')).serverMetadata();
    return {
      issuer: metadata.issuer === baseUrl,
      iss_in_response: metadata.authorization_response_iss_parameter_supported,
      challenge_methods: metadata.code_challenge_methods_supported,
      s256: metadata.supportsPKCE('S256'),
    };
  },
  client_credentials: () => serviceToken(client.ClientSecretBasic),
  wrong_secret: async () => {
    const { client_id: id } = world.apps.service;
    const proof = client.ClientSecretBasic('x'.repeat(43));
    const config = await client.discovery(new URL(baseUrl), id, undefined, proof, { execute: [client.allowInsecureRequests] });
    const refusal = await client.clientCredentialsGrant(config).catch((error) => error);
    return { error: refusal.error, status: refusal.status };
  },
});
