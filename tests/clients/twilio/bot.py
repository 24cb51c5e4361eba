"""A small WhatsApp bot on Twilio's helper library, as its documentation writes one. The library names Twilio's hosts
itself; a custom HTTP client, which it documents, puts the simulator's in their place."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList
from twilio.twiml.messaging_response import MessagingResponse

API = os.environ["TWILIO_API_URL"]
SID, TOKEN = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
FROM = f"whatsapp:{os.environ['TWILIO_WHATSAPP_NUMBER']}"


class Elsewhere(TwilioHttpClient):
    def request(self, method, url, *args, **kwargs):
        api, asked = urlsplit(API), urlsplit(url)
        return super().request(method, urlunsplit((api.scheme, api.netloc, *asked[2:])), *args, **kwargs)


client = Client(SID, TOKEN, http_client=Elsewhere())


def fetch_medium(uri):
    """A redirect leads to another host at Twilio, and must not take the credentials along."""
    found = requests.get(API + uri.removesuffix(".json"), auth=(SID, TOKEN), allow_redirects=False)
    return requests.get(found.headers["location"]).content


def ask(to):
    actions = [{"title": "Yes", "id": "yes"}, {"title": "No", "id": "no"}]
    types = {"twilio/quick-reply": {"body": "Shall I?", "actions": actions}}
    request = ContentList.ContentCreateRequest({"friendly_name": "question", "language": "en", "types": types})
    content = client.content.v1.contents.create(request)
    client.messages.create(from_=FROM, to=to, content_sid=content.sid)


def answer(message):
    to, body = message["From"], message["Body"]
    sid = message["MessageSid"]
    if body == "ask me":
        return ask(to)
    if "ButtonPayload" in message:
        text = f"You tapped {message['ButtonPayload']}."
    elif message["NumMedia"] != "0":
        [medium] = client.messages(sid).media.list()
        text = f"{len(fetch_medium(medium.uri))} bytes"
    elif body.startswith("secret"):
        client.messages(sid).delete()
        text = "Deleted."
    elif body == "count":
        sent = client.messages.list(from_=FROM, to=to, limit=20)
        text = f"I sent {len(sent)} messages, the last one {sent[0].status}."
    else:
        text = f"You said: {body}"
    client.messages.create(from_=FROM, to=to, body=text)


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        message = dict(parse_qsl(body, keep_blank_values=True))
        url = f"http://{self.headers['host']}{self.path}"
        if not RequestValidator(TOKEN).validate(url, message, self.headers.get("x-twilio-signature", "")):
            return self.send_error(403)
        self.send_response(200)
        self.send_header("content-type", "text/xml")
        self.end_headers()
        self.wfile.write(str(MessagingResponse()).encode())
        answer(message)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
[sender] = client.messaging.v2.channels_senders.list(channel="whatsapp", limit=1)
hook = {"callback_url": f"http://127.0.0.1:{server.server_port}/whatsapp", "callback_method": "POST"}
update = ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate({"webhook": hook})
client.messaging.v2.channels_senders(sender.sid).update(update)
server.serve_forever()
