// Talks to one gateway by graphql-ws and prints what it was told as JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const { SOCKET_URL: url, SOCKET_TOKEN: token, SOCKET_SHORT_TOKEN: shortToken } = process.env;
const VIEWER = { query: '{ viewer { tenant } }' };
const CREATE = {
  query: `mutation ($input: CreateProfileInput!) {
    createProfile(input: $input) { profile { name { full } } }
  }`,
  variables: { input: { name: { given: 'Ada', family: 'Lovelace' } } },
};

function client(bearer, options = {}) {
  return createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${bearer()}` }),
    ...options,
  });
}

// Every result of an operation, or what ended it: the errors, or the close code.
async function results(from, operation) {
  const found = [];
  try {
    for await (const result of from.iterate(operation)) found.push(result);
  } catch (ended) {
    return Array.isArray(ended) ? ended.map((one) => one.extensions.code) : ended.code;
  }
  return found;
}

const told = {};

const one = client(() => token, { lazy: false });
told.query = await results(one, VIEWER);
told.mutation = await results(one, CREATE);
told.wrong = await results(one, { query: '{ nothing }' });
told.subscription = await results(one, { query: 'subscription { profileChanged { id } }' });
told.atOnce = (await Promise.all(Array.from({ length: 15 }, () => results(one, VIEWER)))).flat().length;
await one.dispose();

told.refused = await results(client(() => 'a.b.c', { retryAttempts: 3 }), VIEWER);

// The client keeps pinging; the gateway closes when the token ends; a new token gets on again.
let bearer = shortToken;
const closed = new Promise((resolve) => {
  const kept = client(() => bearer, {
    lazy: false,
    keepAlive: 200,
    onNonLazyError: () => {},
    on: { closed: ({ code, reason }) => resolve({ code, reason, kept }) },
  });
});
const { code, reason, kept } = await closed;
bearer = token;
told.ended = { code, reason };
told.again = await results(kept, VIEWER);
await kept.dispose();

process.stdout.write(JSON.stringify(told), () => process.exit(0));
