// An OpenID Connect provider on a free port, and switches that a test turns while it runs.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const audience = process.env.PROVIDER_AUDIENCE;
const callback = 'http://127.0.0.1:9/callback';
const people = JSON.parse(process.env.PROVIDER_PEOPLE);
const formats = { 'urn:signed': 'jwt', 'urn:opaque': 'opaque' };
const scope = 'profiles:read profiles:write';
const asked = { discovery: 0, keys: 0, introspection: 0 };
const counted = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'keys',
  '/token/introspection': 'introspection',
};

let made = 0;
function newKey() {
  made += 1;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${made}`, use: 'sig', alg: 'RS256' };
}

function program(id, more) {
  return {
    client_id: id,
    client_secret: `${id}-secret`,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...more,
  };
}

function tokenClaims(ctx, token) {
  if (token.kind === 'ClientCredentials') return { tenant: 'acme', roles: ['service'] };
  const { acr, amr, authTime } = ctx.oidc.entities.AuthorizationCode;
  return { ...people[token.accountId], acr, amr, auth_time: authTime };
}

function withKeys(issuer, keys) {
  return new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: ['not-a-secret'] },
    clients: [
      program('robot'),
      program('bound-robot', { tls_client_certificate_bound_access_tokens: true }),
      program('gateway'),
      {
        client_id: 'desk',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [callback],
        application_type: 'native',
      },
    ],
    scopes: ['openid', ...scope.split(' ')],
    acrValues: ['password', 'second-factor'],
    claims: { openid: ['sub'], acr: null, amr: null, auth_time: null },
    pkce: { required: () => true },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: tokenClaims,
    interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => decodeURIComponent(ctx.get('x-certificate')) || undefined,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:signed',
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope,
          audience,
          accessTokenFormat: formats[resource],
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}

// Nobody is there to type: whoever is named by `login_hint` signs in, as well as was asked for.
async function signIn(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const twice = params.acr_values === 'second-factor';
    const login = {
      accountId: params.login_hint,
      acr: twice ? 'second-factor' : 'password',
      amr: twice ? ['pwd', 'otp'] : ['pwd'],
    };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addResourceScope(params.resource ?? 'urn:signed', scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent });
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let keys = [newKey()];
  let provider = withKeys(issuer, keys);
  let answer = provider.callback();

  function serve(changed) {
    keys = changed;
    provider = withKeys(issuer, keys);
    answer = provider.callback();
  }

  const switches = {
    '/switch/new-key': () => serve([newKey(), ...keys]),
    '/switch/newest-key-alone': () => serve(keys.slice(0, 1)),
    '/switch/asked': () => {},
  };
  server.on('request', (request, response) => {
    const path = request.url.split('?')[0];
    if (path in switches) {
      switches[path]();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(asked));
    } else if (path.startsWith('/sign-in/')) {
      signIn(provider, request, response).catch((error) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    } else {
      if (path in counted) asked[counted[path]] += 1;
      answer(request, response);
    }
  });
  process.stdout.write(`${JSON.stringify({ issuer, callback })}\n`);
});
