// What getRealtimeChannel answers. A seed portal gives the anon key and nothing else; a desktop one adds a token that Supabase takes for the person.
import { jwt, signJWT } from "better-auth/plugins/jwt";
import { TOKEN } from "./auth.mjs";

const OPTIONS = jwt(TOKEN).options;

export function makeChannel(auth, settings) {
  return async ({ session: { user, session } }) => {
    const answer = {
      channel: "todos",
      filter: `user_id=eq.${user.id}`,
      supabaseUrl: settings.supabase_url,
      supabaseAnonKey: settings.supabase_anon_key,
    };
    if (settings.profile !== "desktop") return answer;
    const now = Math.floor(Date.now() / 1000);
    const payload = { ...TOKEN.jwt.definePayload({ user, session }), sub: user.id, iat: now, exp: now + settings.token_seconds };
    // Older versions of Realtime refuse a token whose header does not name its type.
    const accessToken = await signJWT({ context: await auth.$context }, { options: OPTIONS, payload, header: { typ: "JWT" } });
    return { ...answer, accessToken };
  };
}
