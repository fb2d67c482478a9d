// Better Auth as a portal wires it: e-mail and password over the portal's own tables, and in the desktop profile the plugins for other programs.
import { betterAuth } from "better-auth";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { bearer, deviceAuthorization, jwt, twoFactor } from "better-auth/plugins";
import * as desktop from "./schema/desktop.mjs";
import * as seed from "./schema/seed.mjs";

export const CLIENT_ID = "devots-desktop";

// What Supabase asks of a token: a role, and `sub` as the policies compare it (portal-contract.md, section 5).
export const TOKEN = {
  jwks: { keyPairConfig: { alg: "ES256" } },
  jwt: {
    audience: "authenticated",
    expirationTime: "3600s",
    definePayload: ({ user, session }) => ({ role: "authenticated", email: user.email, session_id: session.id }),
  },
};

// A bucket of its own: the built-in one is shared by all portals of a process.
function buckets() {
  const kept = new Map();
  return {
    consume(key, { window, max }) {
      const now = Date.now();
      const seen = kept.get(key);
      const count = seen && now - seen.last < window * 1000 ? seen.count : 0;
      if (count >= max) return { allowed: false, retryAfter: Math.ceil((seen.last + window * 1000 - now) / 1000) };
      kept.set(key, { count: count + 1, last: now });
      return { allowed: true, retryAfter: null };
    },
  };
}

export function makeAuth({ db, url, secret, settings, send }) {
  const isDesktop = settings.profile === "desktop";
  const sendOTP = ({ user, otp }) => send({ to: user.email, kind: "otp", code: otp, link: "" });
  return betterAuth({
    baseURL: settings.base_url ?? url,
    secret,
    database: drizzleAdapter(db, { provider: "pg", schema: isDesktop ? desktop : seed }),
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: settings.verify_email,
      sendResetPassword: ({ user, url, token }) => send({ to: user.email, kind: "reset", code: token, link: url }),
    },
    emailVerification: {
      sendVerificationEmail: ({ user, url, token }) => send({ to: user.email, kind: "verification", code: token, link: url }),
    },
    session: { expiresIn: settings.expires_in, updateAge: settings.update_age, freshAge: settings.fresh_age },
    rateLimit: { enabled: settings.rate_limit, customStorage: buckets() },
    advanced: settings.cookie_prefix ? { cookiePrefix: settings.cookie_prefix } : {},
    telemetry: { enabled: false },
    logger: { level: "error" },
    plugins: isDesktop
      ? [
          bearer(),
          jwt(TOKEN),
          twoFactor({ otpOptions: { sendOTP } }),
          deviceAuthorization({
            verificationUri: "/device",
            expiresIn: `${settings.code_seconds}s`,
            interval: `${settings.interval}s`,
            validateClient: (id) => id === CLIENT_ID,
          }),
        ]
      : [],
  });
}
