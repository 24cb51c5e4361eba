"""A small bot on python-telegram-bot, as its documentation writes one. Nothing of the library is changed but its base URL."""

import os

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, MessageHandler, filters

API = os.environ["TELEGRAM_API_URL"]


async def start(update, context):
    keyboard = [[InlineKeyboardButton("Yes", callback_data="yes"), InlineKeyboardButton("No", callback_data="no")]]
    await update.message.reply_text("Shall I?", reply_markup=InlineKeyboardMarkup(keyboard))


async def yes(update, context):
    await update.callback_query.answer("done")
    await update.callback_query.edit_message_text("You said yes.")


async def secret(update, context):
    await update.message.delete()
    await context.bot.send_message(update.effective_chat.id, "Deleted.")


async def document(update, context):
    file = await update.message.document.get_file()
    data = bytes(await file.download_as_bytearray())
    await update.message.reply_document(data, filename="back.bin", caption=f"{len(data)} bytes")


async def echo(update, context):
    await update.message.reply_text(f"You said: {update.message.text}")


async def announce(application):
    await application.bot.set_my_commands([("start", "Begin")])


application = (
    ApplicationBuilder()
    .token(os.environ["TELEGRAM_BOT_TOKEN"])
    .base_url(f"{API}/bot")
    .base_file_url(f"{API}/file/bot")
    .post_init(announce)
    .build()
)
application.add_handler(CommandHandler("start", start))
application.add_handler(CallbackQueryHandler(yes, pattern="^yes$"))
application.add_handler(MessageHandler(filters.Regex("^secret"), secret))
application.add_handler(MessageHandler(filters.Document.ALL, document))
application.add_handler(MessageHandler(filters.TEXT, echo))
application.run_polling()
