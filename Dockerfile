# Two images from one static binary:
#   docker build --target relay -t relay .    bot and relay: the binary and nothing else
#   docker build --target vm    -t vm .       the agent's machine: git, ripgrep, a shell, Claude Code
# BUILD ends up in every /health, so that a deployment can prove which build it runs.
# Bases are named by the digest of all their platforms, as docker-library/repo-info has it. To renew one, take a newer
# tag and what `docker buildx imagetools inspect debian:bookworm-slim` says of it. What apt adds is Debian 12's newest;
# what was in the base is as old as the base.

FROM rust:1.97.1-slim-bookworm@sha256:2775a09d208ff0d7c1f50490c45b62db929e87ba1dcbc3f2132ac71a704bcdd3 AS build
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
# SQLite sorts and rewrites in /tmp what does not fit into memory.
RUN mkdir -p /image/etc /image/tmp && chmod 1777 /image/tmp \
    && echo 'textslash:x:10001:10001:::' > /image/etc/passwd && echo 'textslash:x:10001:' > /image/etc/group

FROM node:22.23.3-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c AS claude
RUN npm install --no-audit --no-fund --prefix /opt/claude @anthropic-ai/claude-code-linux-x64@2.1.328 \
    && cp /opt/claude/node_modules/@anthropic-ai/claude-code-linux-x64/claude /usr/local/bin/claude

FROM debian:bookworm-20260918-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251 AS vm
RUN apt-get update \
    && apt-get install -y --no-install-recommends bash ca-certificates curl git less nftables openssh-client procps ripgrep \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --shell /bin/bash agent
COPY --from=claude /usr/local/bin/claude /usr/local/bin/claude
COPY --from=build /textslash /usr/local/bin/textslash
# The volume belongs to root when it is new. The server stays root to hand the workspace over and starts every
# agent as this user, who can read neither the server's memory nor its environment.
# The server blocks private addresses for that user.
ENV TEXTSLASH_AGENT_USER=agent TEXTSLASH_AGENT_FIREWALL=1
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/textslash"]
CMD ["vm"]

FROM scratch AS relay
COPY --from=build /image /
COPY --from=build /textslash /textslash
# The volume belongs to root when it is new. The process starts as root to hand it over, becomes this user for
# good, and only then listens.
ENV TEXTSLASH_USER=textslash
EXPOSE 8080
ENTRYPOINT ["/textslash"]
CMD ["relay"]
