// A small bot on discord.js, as its guide writes one. Nothing of the library is changed but its base URL.
import { createRequire } from "node:module";
const {
  ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, Events, GatewayIntentBits, MessageFlags, ModalBuilder,
  Partials, SlashCommandBuilder, TextInputBuilder, TextInputStyle,
} = createRequire(process.env.CLIENTS_DIR + "/")("discord.js");

const client = new Client({
  intents: [GatewayIntentBits.DirectMessages],
  partials: [Partials.Channel],
  rest: { api: `${process.env.DISCORD_API_URL}/api` },
});

const row = (...parts) => new ActionRowBuilder().addComponents(...parts);
const button = (id, label) => new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(ButtonStyle.Primary);

client.once(Events.ClientReady, async (ready) => {
  await ready.application.commands.set([new SlashCommandBuilder().setName("start").setDescription("Begin")]);
});

client.on(Events.MessageCreate, async (message) => {
  if (message.author.bot) return;
  const file = message.attachments.first();
  if (file) {
    const bytes = Buffer.from(await (await fetch(file.url)).arrayBuffer());
    await message.reply({ content: `${bytes.length} bytes`, files: [{ attachment: bytes, name: "back.bin" }] });
  } else if (message.content === "key") {
    await message.channel.send({ content: "Your key?", components: [row(button("enter", "Enter"))] });
  } else {
    await message.channel.send(`You said: ${message.content}`);
  }
});

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isChatInputCommand()) {
    await interaction.reply({ content: "Shall I?", components: [row(button("yes", "Yes"), button("no", "No"))] });
  } else if (interaction.isButton() && interaction.customId === "enter") {
    const input = new TextInputBuilder().setCustomId("key").setLabel("Key").setStyle(TextInputStyle.Short);
    await interaction.showModal(new ModalBuilder().setCustomId("form").setTitle("A key").addComponents(row(input)));
  } else if (interaction.isButton()) {
    await interaction.update({ content: `You said ${interaction.customId}.`, components: [] });
  } else if (interaction.isModalSubmit()) {
    const key = interaction.fields.getTextInputValue("key");
    await interaction.reply({ content: `${key.length} characters`, flags: MessageFlags.Ephemeral });
  }
});

client.on(Events.Error, (error) => console.error(error));
await client.login(process.env.DISCORD_BOT_TOKEN);
