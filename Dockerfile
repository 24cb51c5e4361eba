# Two images from one static binary:
#   docker build --target relay -t relay .    bot and relay: the binary and nothing else
#   docker build --target vm    -t vm .       the agent's machine: git, ripgrep, a shell, Claude Code
# BUILD ends up in every /health, so that a deployment can prove which build it runs.

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends musl-tools && rm -rf /var/lib/apt/lists/* \
    && rustup target add x86_64-unknown-linux-musl
ENV CC_x86_64_unknown_linux_musl=musl-gcc
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY adapters adapters
COPY src src
COPY tests tests
ARG BUILD=""
RUN if [ -n "$BUILD" ]; then export TEXTSLASH_BUILD="$BUILD"; fi \
    && cargo build --release --locked --target x86_64-unknown-linux-musl --bin textslash \
    && cp target/x86_64-unknown-linux-musl/release/textslash /textslash

FROM node:22.20.0-bookworm-slim AS claude
RUN npm install --no-audit --no-fund --prefix /opt/claude @anthropic-ai/claude-code-linux-x64@2.1.328 \
    && cp /opt/claude/node_modules/@anthropic-ai/claude-code-linux-x64/claude /usr/local/bin/claude

FROM debian:12.12-slim AS vm
RUN apt-get update \
    && apt-get install -y --no-install-recommends bash ca-certificates curl git less openssh-client procps ripgrep \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --shell /bin/bash agent
COPY --from=claude /usr/local/bin/claude /usr/local/bin/claude
COPY --from=build /textslash /usr/local/bin/textslash
# The volume belongs to root when it is new. The server stays root to hand the workspace over and starts every
# agent as this user, who can read neither the server's memory nor its environment.
ENV TEXTSLASH_AGENT_USER=agent
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/textslash"]
CMD ["vm"]

FROM scratch AS relay
COPY --from=build /textslash /textslash
EXPOSE 8080
ENTRYPOINT ["/textslash"]
CMD ["relay"]
