// A small bot on grammY, as its documentation writes one. Nothing of the library is changed but its base URL.
import { createRequire } from "node:module";
const { Bot, InlineKeyboard, InputFile } = createRequire(process.env.CLIENTS_DIR + "/")("grammy");

const apiRoot = process.env.TELEGRAM_API_URL;
const bot = new Bot(process.env.TELEGRAM_BOT_TOKEN, { client: { apiRoot } });

bot.command("start", (ctx) =>
  ctx.reply("Shall I?", { reply_markup: new InlineKeyboard().text("Yes", "yes").text("No", "no") }));
bot.callbackQuery("yes", async (ctx) => {
  await ctx.answerCallbackQuery({ text: "done" });
  await ctx.editMessageText("You said yes.");
});
bot.hears(/^secret/, async (ctx) => {
  await ctx.deleteMessage();
  await ctx.reply("Deleted.");
});
bot.on("message:document", async (ctx) => {
  const file = await ctx.getFile();
  const got = await fetch(`${apiRoot}/file/bot${bot.token}/${file.file_path}`);
  const bytes = Buffer.from(await got.arrayBuffer());
  await ctx.replyWithDocument(new InputFile(bytes, "back.bin"), { caption: `${bytes.length} bytes` });
});
bot.on("message:text", (ctx) => ctx.reply(`You said: ${ctx.message.text}`));
bot.catch((error) => console.error(error.error.description ?? error.message));

await bot.api.setMyCommands([{ command: "start", description: "Begin" }]);
await bot.start();
