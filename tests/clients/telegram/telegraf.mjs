// A small bot on telegraf, as its documentation writes one. Nothing of the library is changed but its base URL.
import { createRequire } from "node:module";
const { Telegraf, Markup } = createRequire(process.env.CLIENTS_DIR + "/")("telegraf");

const bot = new Telegraf(process.env.TELEGRAM_BOT_TOKEN, { telegram: { apiRoot: process.env.TELEGRAM_API_URL } });

bot.start((ctx) =>
  ctx.reply("Shall I?", Markup.inlineKeyboard([Markup.button.callback("Yes", "yes"), Markup.button.callback("No", "no")])));
bot.action("yes", async (ctx) => {
  await ctx.answerCbQuery("done");
  await ctx.editMessageText("You said yes.");
});
bot.hears(/^secret/, async (ctx) => {
  await ctx.deleteMessage();
  await ctx.reply("Deleted.");
});
bot.on("document", async (ctx) => {
  const link = await ctx.telegram.getFileLink(ctx.message.document.file_id);
  const bytes = Buffer.from(await (await fetch(link)).arrayBuffer());
  await ctx.replyWithDocument({ source: bytes, filename: "back.bin" }, { caption: `${bytes.length} bytes` });
});
bot.on("text", (ctx) => ctx.reply(`You said: ${ctx.message.text}`));
bot.catch((error) => console.error(error.description ?? error.message));

await bot.telegram.setMyCommands([{ command: "start", description: "Begin" }]);
await bot.launch();
