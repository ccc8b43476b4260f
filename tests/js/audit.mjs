// Asks one server every question of the GraphQL over HTTP audit and prints the answers as JSON.
import { auditServer } from 'graphql-http';

const { AUDIT_URL: url, AUDIT_TOKEN: token } = process.env;

function fetchWithToken(input, init = {}) {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
}

const results = await auditServer({ url, fetchFn: fetchWithToken });
const rows = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));

// Left alone, pooled connections would keep the process alive for a while.
process.stdout.write(JSON.stringify(rows), () => process.exit(0));
