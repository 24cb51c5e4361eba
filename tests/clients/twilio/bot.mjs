// A small WhatsApp bot on Twilio's helper library, as its documentation writes one. The library names Twilio's hosts
// itself; a custom HTTP client, which it documents, puts the simulator's in their place.
import { createRequire } from "node:module";
import { createServer } from "node:http";
const twilio = createRequire(process.env.CLIENTS_DIR + "/")("twilio");

const API = process.env.TWILIO_API_URL;
const [sid, token] = [process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN];
const from = `whatsapp:${process.env.TWILIO_WHATSAPP_NUMBER}`;

class Elsewhere extends twilio.RequestClient {
  request(options) {
    const { pathname, search } = new URL(options.uri);
    return super.request({ ...options, uri: API + pathname + search });
  }
}
const client = twilio(sid, token, { httpClient: new Elsewhere() });

// A redirect leads to another host at Twilio, and must not take the credentials along.
async function fetchMedium(uri) {
  const authorization = "Basic " + Buffer.from(`${sid}:${token}`).toString("base64");
  const found = await fetch(API + uri.replace(/\.json$/, ""), { headers: { authorization }, redirect: "manual" });
  const medium = await fetch(found.headers.get("location"));
  return Buffer.from(await medium.arrayBuffer());
}

async function answer(message) {
  const to = message.From;
  const say = (body) => client.messages.create({ from, to, body });
  if (message.ButtonPayload) return say(`You tapped ${message.ButtonPayload}.`);
  if (message.NumMedia !== "0") {
    const [medium] = await client.messages(message.MessageSid).media.list();
    const bytes = await fetchMedium(medium.uri);
    return say(`${bytes.length} bytes`);
  }
  if (message.Body === "ask me") {
    const actions = [{ title: "Yes", id: "yes" }, { title: "No", id: "no" }];
    const types = { "twilio/quick-reply": { body: "Shall I?", actions } };
    const content = await client.content.v1.contents.create({ friendly_name: "question", language: "en", types });
    return client.messages.create({ from, to, contentSid: content.sid });
  }
  if (message.Body.startsWith("secret")) {
    await client.messages(message.MessageSid).remove();
    return say("Deleted.");
  }
  if (message.Body === "count") {
    const sent = await client.messages.list({ from, to, limit: 20 });
    return say(`I sent ${sent.length} messages, the last one ${sent[0].status}.`);
  }
  return say(`You said: ${message.Body}`);
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const message = Object.fromEntries(new URLSearchParams(body));
  const url = `http://${request.headers.host}${request.url}`;
  if (!twilio.validateRequest(token, request.headers["x-twilio-signature"] ?? "", url, message)) {
    return response.writeHead(403).end();
  }
  response.writeHead(200, { "content-type": "text/xml" }).end(new twilio.twiml.MessagingResponse().toString());
  await answer(message).catch((error) => console.error(error));
});

server.listen(0, "127.0.0.1", async () => {
  const [sender] = await client.messaging.v2.channelsSenders.list({ channel: "whatsapp", limit: 1 });
  const callback_url = `http://127.0.0.1:${server.address().port}/whatsapp`;
  await client.messaging.v2.channelsSenders(sender.sid).update({ webhook: { callback_url, callback_method: "POST" } });
});
