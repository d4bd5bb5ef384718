// A provider of OpenID Connect as it should be: `node provider.mjs PORT BACK`. Whoever it is asked for, it knows.
import process from "node:process";
import { URL } from "node:url";

import { Provider } from "oidc-provider";

const [port, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "yurt",
      client_secret: "a secret: of the client",
      redirect_uris: [back],
      post_logout_redirect_uris: [new URL("/", back).href],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["one", "two"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@school.example`, email_verified: true, name: id }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
