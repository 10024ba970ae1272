// npm passport-ringcentral in an express app, as its README shows it.
//
// Two of its options are not the README's: `skipUserProfile`, because the strategy has the vendor's host for the profile
// in its source, and `state` with `pkce`, which passport-oauth2 offers and a careful app turns on.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import RingCentralStrategy from 'passport-ringcentral';
import { REDIRECT_URI, ask, baseUrl, report, terms, visit, world } from './flows.mjs';

const { client_id: clientID, client_secret: clientSecret } = world.apps.web;

async function appWith(options) {
  const app = express();
  const strategy = new RingCentralStrategy(
    {
      clientID,
      clientSecret,
      callbackURL: REDIRECT_URI,
      authorizationURL: `${baseUrl}/restapi/oauth/authorize`,
      tokenURL: `${baseUrl}/restapi/oauth/token`,
      skipUserProfile: true,
      ...options,
    },
    (accessToken, refreshToken, params, profile, done) => done(null, { accessToken, refreshToken, params }),
  );
  passport.use(strategy);
  app.use(session({ secret: 'of this run', resave: false, saveUninitialized: false }));
  app.use(passport.initialize());
  app.get('/login', passport.authenticate('ringcentral', { session: false }));
  app.get('/oauth2callback', passport.authenticate('ringcentral', { session: false }), (request, response) => {
    response.json(request.user);
  });
  app.use((error, request, response, next) => response.status(500).json({ error: error.message, code: error.code }));
  const server = await new Promise((ready) => {
    const listening = app.listen(0, '127.0.0.1', () => ready(listening));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A browser's way through the app: out to sign in, back with its own cookie. */
async function login(app, person) {
  const leaving = await fetch(`${app}/login`, { redirect: 'manual' });
  const cookie = (leaving.headers.get('set-cookie') ?? '').split(';')[0];
  const back = await visit(leaving.headers.get('location'), person);
  const arrived = await fetch(`${app}/oauth2callback${back.search}`, { headers: { cookie } });
  return { status: arrived.status, user: arrived.ok ? await arrived.json() : {} };
}

async function loggedIn(options) {
  const { status, user } = await login(await appWith(options));
  const api = await ask('/restapi/v1.0/account/~', user.accessToken);
  return { status, granted: terms(user.params), refresh_token: user.refreshToken?.length, api };
}

await report({
  readme: () => loggedIn({}),
  state_and_pkce: () => loggedIn({ state: true, pkce: true }),
  cancelled: async () => {
    const { status } = await login(await appWith({}), { as: 'helper, cancelling' });
    return { status };
  },
});
