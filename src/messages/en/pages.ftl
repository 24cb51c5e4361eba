## The page with a one-time form

form-page-for = For
form-page-asks = Is this you?
form-page-whose = This form belongs to
form-page-warning = What you enter goes to the chat of this account. If somebody else sent you the link, say no.
form-page-yes = Yes, this is me
form-page-no = No, this is not me
form-page-send = Send
form-page-show = Show
form-page-hide = Hide
form-page-checking = Checking …
form-page-sending = Sending …
form-page-offline = No connection. Trying again …
form-page-nothing = This page opens from a button or a link in your chat. Go back to the chat and open it there.
form-page-back = You can close this page and go back to the chat.
form-page-small = What you enter goes straight to the conversation, is used for your deployment only and is never stored. This form works once, for a quarter of an hour.

## The page of a relay's own chat

chat-page-up = Connected
chat-page-connecting = Connecting …
chat-page-lost = No connection; trying again. What you write is kept.
chat-page-asleep = Your relay sleeps. Write, and it wakes.
chat-page-nokey = This link is not complete. Copy all of it, with the part after the # sign.
chat-page-write = Message
chat-page-secret = Hidden while you type, never kept
chat-page-send = Send
chat-page-attach = Send a file
chat-page-typing = An answer is on its way …
chat-page-waiting = Waiting for a connection
chat-page-uploading = Uploading …
chat-page-large = It was not sent: files can have up to 20 MB here. Send a smaller file.
chat-page-full = It was not sent: your relay has no room for it. Send a smaller file.
chat-page-notsent = It was not sent. Choose the file again.
chat-page-save = Save
chat-page-gone = It is not there any more.
chat-page-hidden = (hidden)
