// npm `oidc-provider` on PostgreSQL with one client, doing what identity does. Every visitor is
// signed in at once: the proof of identity is not compared.

import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";

import Provider from "oidc-provider";
import pg from "pg";

import { adapterOn, createTable } from "./postgresql_adapter.js";

const { ISSUER, DATABASE_URL, ALGORITHM, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const MINUTE = 60;
const DAY = 86400;
const KEY_TYPES = { ES256: ["ec", { namedCurve: "P-256" }], RS256: ["rsa", { modulusLength: 2048 }] };

const pool = new pg.Pool({ connectionString: DATABASE_URL });
await createTable(pool);
await pool.query("CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, claims jsonb NOT NULL)");
await pool.query("INSERT INTO accounts VALUES ($1, $2) ON CONFLICT DO NOTHING", [
  "resident",
  { email: "resident@example.org", email_verified: true, given_name: "Maria", family_name: "Lopez" },
]);

const privateKey = generateKeyPairSync(...KEY_TYPES[ALGORITHM]).privateKey.export({ format: "jwk" });

const account = (id) => ({
  accountId: id,
  // The ID token carries no personal data, so the account is read for userinfo only.
  async claims(use) {
    if (use === "id_token") return { sub: id };
    const { rows } = await pool.query({
      name: "claims", text: "SELECT claims FROM accounts WHERE id = $1", values: [id],
    });
    return { sub: id, ...rows[0].claims };
  },
});

const provider = new Provider(ISSUER, {
  adapter: adapterOn(pool),
  jwks: { keys: [{ ...privateKey, alg: ALGORITHM, use: "sig", kid: "benchmark" }] },
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: [REDIRECT_URI],
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    response_types: ["code"],
    id_token_signed_response_alg: ALGORITHM,
  }],
  claims: { openid: ["sub"], profile: ["given_name", "family_name"], email: ["email", "email_verified"] },
  findAccount: (_context, id) => account(id),
  cookies: { keys: ["one of the benchmark only"] },
  enabledJWA: { idTokenSigningAlgValues: ["ES256", "RS256"] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
  },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  // As identity does it: a refresh token with every code, and a new one at each refresh.
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 5 * MINUTE, AuthorizationCode: MINUTE, ClientCredentials: 5 * MINUTE, IdToken: 5 * MINUTE,
    Grant: 30 * DAY, RefreshToken: 30 * DAY, Interaction: 60 * MINUTE, Session: DAY,
  },
});

async function signInAtOnce(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: "resident", clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: "resident" }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

const protocol = provider.callback();
const server = createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return protocol(request, response);
  return signInAtOnce(request, response).catch((error) => response.writeHead(500).end(String(error)));
});
server.listen(new URL(ISSUER).port, "127.0.0.1");
